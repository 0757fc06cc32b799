import Foundation
import Glibc
import ServerTesting
import Testing

/// `explain --server` with what is no Slipway at that URL.
@Suite struct OtherServersTests {
    private func explain(_ answer: [UInt8]) throws -> Program {
        let server = try OneAnswer(answer)
        let scratch = try Scratch()
        let program = try Program([
            "explain", "52:54:00:00:00:01", "--store", try scratch.filledStore(), "--server",
            "http://127.0.0.1:\(server.port)",
        ])
        #expect(try program.finish(within: 60) == 1, "\(program.output.prefix(200))")
        #expect(program.output.isEmpty && program.errorLines.count == 1, "\(program.errors.prefix(500))")
        #expect(program.errors.contains("http://127.0.0.1:\(server.port)"), "\(program.errors.prefix(500))")
        #expect(program.errors.utf8.count < 700, "\(program.errors.utf8.count)")
        #expect(!program.errors.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x9B })
        return program
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nServer: nginx/1.26\r\nContent-Type: text/html\r\n\r\n<html>\u{1B}[2J</html>",
        "HTTP/1.1 200 OK\r\nServer: nginx/1.26\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nServer: nginx/1.26\r\nContent-Type: application/json\r\n\r\n{\"a\": 1}",
        "HTTP/1.1 200 OK\r\nserver: nginx/1.26\r\ncontent-type: application/json\r\n\r\n\u{1B}]0;x\u{7}",
        "HTTP/1.1 200 OK\r\nServer: nginx/1.26\r\nContent-Type: application/json\r\n\r\n"
            + "{\"mac\": \"52:54:00:00:00:02\", \"boots\": []}",
        "HTTP/1.1 404 Not Found\r\nServer: nginx/1.26\r\nContent-Type: text/html\r\n\r\n<html></html>",
        "HTTP/1.1 302 Found\r\nServer: nginx/1.26\r\nLocation: /login\r\n\r\n",
    ])
    func anotherProgramIsNamed(answer: String) throws {
        let program = try explain(Array(answer.utf8))
        #expect(program.errors.contains(" (nginx/1.26) does not tell of machines as Slipway does"), "\(program.errors)")
    }

    @Test func whatNoTerminalShouldObey() throws {
        let hostile = "\u{1B}[2J\u{9B}\n" + String(repeating: "\u{202E}a", count: 5000)
        let server = try explain(Array("HTTP/1.1 200 OK\r\nServer: \(hostile.dropLast(9000))\r\n\r\n".utf8))
        #expect(server.errors.contains("\\u{1b}[2J"), "\(server.errors)")
        let sentence = try explain(
            Array("HTTP/1.1 500 Oh\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\(hostile)".utf8))
        #expect(sentence.errors.contains(" says: \\u{1b}[2J\\u{9b}\\n\\u{202e}a"), "\(sentence.errors)")
    }

    @Test func answersWithoutEndOrSense() throws {
        let head = Array("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n".utf8)
        let long = try explain(head + [13, 10] + [UInt8](repeating: UInt8(ascii: " "), count: 2 << 20))
        #expect(long.errors.contains("more than 1048576 bytes"), "\(long.errors)")
        let short = try explain(head + Array("Content-Length: 10\r\n\r\n{}".utf8))
        #expect(short.errors.contains("ended its answer early"), "\(short.errors)")
        for text in ["", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200 OK\r\n"] {
            let program = try explain(Array(text.utf8))
            #expect(program.errors.contains("does not answer"), "\(program.errors)")
        }
    }
}

/// A server that gives every client the same bytes, whatever it asks.
private final class OneAnswer: Sendable {
    let port: Int
    private let socket: Int32

    init(_ answer: [UInt8]) throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) | listen(socket, 8) | getsockname(socket, $0, &length)
            }
        }
        try #require(code == 0)
        self.socket = socket
        port = Int(UInt16(bigEndian: name.sin_port))
        Thread {
            while true {
                let client = accept(socket, nil, nil)
                guard client >= 0 else { return }
                var request = [UInt8](repeating: 0, count: 4096)
                _ = recv(client, &request, request.count, 0)
                var sent = 0
                while sent < answer.count {
                    let count = answer[sent...].withUnsafeBytes {
                        send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    guard count > 0 else { break }
                    sent += count
                }
                close(client)
            }
        }.start()
    }

    deinit {
        // Wakes the thread that accepts.
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }
}

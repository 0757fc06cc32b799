import Glibc
import Synchronization

/// A connection to a server on the loopback that writes what it is told to, for what real clients never send. It blocks.
public final class HTTPConnection: Sendable {
    /// What a test learns when a server does not answer as HTTP has it.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private struct State {
        /// What has come and was not asked for yet.
        var buffer: [UInt8] = []
        var isOpen = true
    }

    private let socket: Int32
    private let state = Mutex(State())

    private var buffer: [UInt8] {
        get { state.withLock { $0.buffer } }
        set { state.withLock { $0.buffer = newValue } }
    }

    /// Connects.
    ///
    /// - Parameters:
    ///   - seconds: How long a read may wait. It is shorter than the server's own patience with a connection that does nothing,
    ///     so that a server which does not end one is found out.
    ///   - client: The last number of the client's own address, 127.0.0.…; the system's choice by default, which is 1.
    ///   - receiveBuffer: The kernel's receive buffer in bytes; small ones make a client that does not read be noticed.
    public init(port: Int, seconds: Int = 50, client: UInt8? = nil, receiveBuffer: Int32? = nil) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Failure(description: "no socket: \(String(cString: strerror(errno)))") }
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBuffer {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        if let client {
            var own = sockaddr_in()
            own.sin_family = sa_family_t(AF_INET)
            own.sin_addr.s_addr = (0x7F00_0000 | UInt32(client)).bigEndian
            let result = withUnsafePointer(to: &own) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else {
                let reason = String(cString: strerror(errno))
                close()
                throw Failure(description: "cannot be 127.0.0.\(client): \(reason)")
            }
        }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let reason = String(cString: strerror(errno))
            close()
            throw Failure(description: "cannot connect to port \(port): \(reason)")
        }
    }

    deinit { close() }

    /// Ends the connection.
    public func close() {
        let wasOpen = state.withLock { state in
            defer { state.isOpen = false }
            return state.isOpen
        }
        if wasOpen { Glibc.close(socket) }
    }

    /// Ends the connection with a reset, as a machine that loses power looks after a while.
    public func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Says that nothing more will be sent.
    public func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Sends a text.
    public func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends bytes.
    public func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(description: "cannot send: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    /// The next bytes, at most `limit`; none when the server has ended the connection.
    public func receive(upTo limit: Int = 1 << 16) throws -> [UInt8] {
        if !buffer.isEmpty {
            let part = Array(buffer.prefix(limit))
            buffer.removeFirst(part.count)
            return part
        }
        return try fresh(limit)
    }

    private func fresh(_ limit: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = recv(socket, &bytes, limit, 0)
        if count < 0, errno == ECONNRESET { return [] }
        guard count >= 0 else { throw Failure(description: "nothing came: \(String(cString: strerror(errno)))") }
        return Array(bytes.prefix(count))
    }

    /// Waits until the server has begun to send, and takes nothing of it.
    public func awaitFirstByte() throws {
        var byte: UInt8 = 0
        guard recv(socket, &byte, 1, Int32(MSG_PEEK)) == 1 else { throw Failure(description: "nothing came") }
    }

    /// Whether the server has ended the connection, after what it may still have sent.
    public func isEnded() throws -> Bool {
        while true { if try receive().isEmpty { return true } }
    }

    /// Reads one answer.
    ///
    /// - Parameter method: What was asked with; the answer to HEAD has no body whatever its headers say.
    public func reply(to method: String = "GET") throws -> HTTPReply {
        let end: [UInt8] = [13, 10, 13, 10]
        while buffer.firstRange(of: end) == nil {
            let part = try fresh(1 << 16)
            guard !part.isEmpty else {
                throw Failure(
                    description: "the connection ended before an answer: \(String(decoding: buffer, as: UTF8.self))")
            }
            buffer += part
        }
        guard let range = buffer.firstRange(of: end),
            var reply = HTTPReply(head: String(decoding: buffer[..<range.lowerBound], as: UTF8.self))
        else { throw Failure(description: "no HTTP answer: \(String(decoding: buffer.prefix(200), as: UTF8.self))") }
        buffer.removeSubrange(..<range.upperBound)
        if method == "HEAD" || reply.status == 304 || reply.status == 204 { return reply }
        if let text = reply["Content-Length"] {
            guard let length = Int(text) else { throw Failure(description: "Content-Length: \(text)") }
            reply.body = try take(length)
        } else if reply["Transfer-Encoding"] == "chunked" {
            while true {
                let line = try takeLine()
                guard let length = Int(line, radix: 16) else { throw Failure(description: "no chunk: \(line)") }
                reply.body += try take(length)
                _ = try takeLine()
                if length == 0 { break }
            }
        }
        return reply
    }

    private func take(_ length: Int) throws -> [UInt8] {
        // Appending keeps a large body from being shifted with every read.
        var bytes = Array(buffer.prefix(length))
        buffer.removeFirst(bytes.count)
        while bytes.count < length {
            let part = try fresh(min(1 << 18, length - bytes.count))
            guard !part.isEmpty else {
                throw Failure(description: "the body ended after \(bytes.count) of \(length) bytes")
            }
            bytes += part
        }
        return bytes
    }

    private func takeLine() throws -> String {
        var line: [UInt8] = []
        while line.suffix(2) != [13, 10] { line += try take(1) }
        return String(decoding: line.dropLast(2), as: UTF8.self)
    }

    /// Asks and reads the answer.
    @discardableResult
    public func ask(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> HTTPReply {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        try send(Array((head + "\r\n").utf8) + (body ?? []))
        return try reply(to: method)
    }
}

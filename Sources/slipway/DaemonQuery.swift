import Foundation
import NetworkTypes

/// Asks a running daemon for one document. The daemon is on the rack's own network and speaks plain HTTP/1.1, so one request
/// on one socket is all it takes; Foundation's client would bring libcurl into the daemon.
struct DaemonQuery {
    /// How long a step may take, in seconds.
    static let patience = 10
    /// The longest answer that is read: a machine's boots are a few KiB.
    static let limit = 16 << 20

    private let host: String
    private let port: UInt16
    private let server: BaseURL

    /// Asks the daemon with this URL, which is one of plain HTTP.
    init(server: BaseURL) {
        host = server.host.description
        port = server.port ?? 80
        self.server = server
    }

    /// The document at a path. What is not answered with 200 ends the command with the daemon's own sentence.
    func text(at path: String) throws -> String {
        let (status, text) = try answer(to: "GET", path)
        guard status == "200" else {
            throw CommandFailure.exit("slipway: \(server) says: \(text.trimmingCharacters(in: .newlines))")
        }
        return text
    }

    /// Whether there is something at a path.
    func has(_ path: String) throws -> Bool { try answer(to: "HEAD", path).status == "200" }

    private func answer(to method: String, _ path: String) throws -> (status: String, text: String) {
        let answer = try exchange(
            "\(method) \(server.path(of: path)) HTTP/1.1\r\nHost: \(host.contains(":") ? "[\(host)]" : host):\(port)\r\nConnection: close\r\n\r\n"
        )
        guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)), answer.starts(with: Array("HTTP/1.1 ".utf8))
        else {
            throw CommandFailure.exit("slipway: \(server) does not answer as HTTP does")
        }
        return (
            String(decoding: answer.dropFirst(9).prefix(3), as: UTF8.self),
            String(decoding: answer[end.upperBound...], as: UTF8.self)
        )
    }

    private func exchange(_ request: String) throws -> [UInt8] {
        let socket = try connected()
        defer { close(socket) }
        let bytes = Array(request.utf8)
        guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw failure(errno) }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while answer.count < Self.limit {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count >= 0 else { throw failure(errno) }
            if count == 0 { break }
            answer += buffer[..<count]
        }
        return answer
    }

    /// A socket that is connected to the first of the host's addresses that takes it.
    private func connected() throws -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard code == 0 else {
            throw CommandFailure.exit("slipway: \(server) does not answer: \(String(cString: gai_strerror(code)))")
        }
        var reason = EHOSTUNREACH
        var next = found
        while let candidate = next?.pointee {
            next = candidate.ai_next
            let socket = socket(candidate.ai_family, candidate.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard socket >= 0 else { continue }
            // A limit on sending holds for connecting, too (socket(7)).
            var time = timeval(tv_sec: Self.patience, tv_usec: 0)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
            if connect(socket, candidate.ai_addr, candidate.ai_addrlen) == 0 { return socket }
            reason = errno
            close(socket)
        }
        throw failure(reason)
    }

    private func failure(_ code: Int32) -> any Error {
        let reason =
            code == EAGAIN || code == EINPROGRESS
            ? "nothing came in \(Self.patience) s" : String(cString: strerror(code))
        return CommandFailure.exit("slipway: \(server) does not answer: \(reason)")
    }
}

import Assembly
import Foundation
import NetworkTypes

/// Asks a running daemon for one document. The daemon is on the rack's own network and speaks plain HTTP/1.1, so one request
/// on one socket is all it takes; Foundation's client would bring libcurl into the daemon.
struct DaemonQuery {
    /// How long an answer may take, in seconds.
    static let patience = 10
    /// The longest answer that is read: a machine's boots are a few KiB.
    static let limit = 1 << 20
    /// How much of another's sentence is shown.
    private static let sentenceLimit = 300

    private let server: BaseURL
    private var host: String { server.host.description }
    private var port: UInt16 { server.port ?? 80 }

    /// Asks the daemon with this URL, which is one of plain HTTP.
    init(server: BaseURL) { self.server = server }

    /// A machine's boots, in JSON. What the daemon refuses ends the command with its own sentence, and so does what no Slipway
    /// answers.
    func timeline(of machine: MACAddress) throws -> String {
        let answer = try answer(to: "GET", ServicePath.machine(machine.hyphenated))
        let text = String(decoding: answer.body, as: UTF8.self)
        if answer.status != "200", answer.type == "text/plain" {
            let sentence = TerminalText.line(text.trimmingCharacters(in: .newlines))
            throw CommandFailure.exit("slipway: \(server) says: \(shortened(sentence))")
        }
        guard answer.status == "200", answer.type == "application/json",
            Explanation.isTimeline(text, of: machine.description)
        else {
            let software = answer.software.map { " (\(shortened(TerminalText.line($0))))" } ?? ""
            throw CommandFailure.exit(
                "slipway: \(server)\(software) does not tell of machines as Slipway does; name the daemon's own URL, as in "
                    + "http://10.77.0.2:8080")
        }
        return text
    }

    private func shortened(_ text: String) -> String {
        text.utf8.count > Self.sentenceLimit
            ? String(decoding: text.utf8.prefix(Self.sentenceLimit), as: UTF8.self) + "…" : text
    }

    /// Whether there is something at a path.
    func has(_ path: String) throws -> Bool { try answer(to: "HEAD", path).status == "200" }

    private struct Answer {
        /// The status code's three digits.
        var status: Substring
        /// The media type, without parameters, in lower case.
        var type: String?
        /// What says that it answered.
        var software: String?
        var body: ArraySlice<UInt8>
    }

    private func answer(to method: String, _ path: String) throws -> Answer {
        // To a request of HTTP/1.0 no body is sent in chunks.
        let bytes = try exchange(
            "\(method) \(server.path(of: path)) HTTP/1.0\r\nHost: \(server.authority)\r\nConnection: close\r\n\r\n")
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)), bytes.starts(with: Array("HTTP/1.".utf8)) else {
            throw CommandFailure.exit("slipway: \(server) does not answer as HTTP does")
        }
        var answer = Answer(status: "", body: bytes[end.upperBound...])
        let lines = bytes[..<end.lowerBound].split(separator: UInt8(ascii: "\n"))
            .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
        answer.status = lines.first?.split(separator: " ").dropFirst().first ?? ""
        for line in lines.dropFirst() {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = line[line.utf8.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            switch line[..<colon].lowercased() {
            case "content-type":
                answer.type = value.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
            case "server": answer.software = value
            case "content-length" where method != "HEAD" && Int(value) != answer.body.count:
                throw CommandFailure.exit("slipway: \(server) ended its answer early; try again")
            default: break
            }
        }
        return answer
    }

    private func exchange(_ request: String) throws -> [UInt8] {
        let deadline = ContinuousClock.now + .seconds(Self.patience)
        let socket = try connected()
        defer { close(socket) }
        let bytes = Array(request.utf8)
        guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw failure(errno) }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count >= 0 else { throw failure(errno) }
            if count == 0 { return answer }
            answer += buffer[..<count]
            guard answer.count <= Self.limit else {
                throw CommandFailure.exit(
                    "slipway: \(server) answers more than \(Self.limit) bytes, which no Slipway does; name the daemon's own URL"
                )
            }
            guard ContinuousClock.now < deadline else {
                throw CommandFailure.exit("slipway: \(server) does not answer: it took longer than \(Self.patience) s")
            }
        }
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

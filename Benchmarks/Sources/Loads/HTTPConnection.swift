import Glibc

/// A connection to an HTTP server of this host, used for one request after another, waiting for each.
public final class HTTPConnection {
    /// An answer, and when its bytes came.
    public struct Answer {
        /// The status code.
        public var status: Int
        /// How many bytes the body had.
        public var length: UInt64
        /// The body, if it was to be kept.
        public var body: [UInt8]
        /// When the first byte of the body was there, on the clock of ``secondsNow()``.
        public var firstByte: Double
        /// When the last byte was there.
        public var lastByte: Double
    }

    private let socket: Int32
    private let port: UInt16

    /// Connects to a port of the loopback interface, from the address `local`.
    public init(port: UInt16, from local: UInt32 = loopback) throws {
        self.port = port
        socket = try connectedSocket(port: port, from: local)
    }

    deinit { close(socket) }

    /// Asks, and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - sink: Where the body is written; nil throws it away.
    ///   - keeping: Whether the body is kept in memory as well.
    public func request(
        _ method: String, _ path: String, body: [UInt8] = [], keeping: Bool = false, sink: Int32? = nil
    ) throws -> Answer {
        try send(requestHead(method, path, port: port, bodyLength: body.count) + body)
        var collector = HeadCollector()
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 20)
        defer { buffer.deallocate() }
        func received(_ flags: Int32, limit: Int) throws -> Int {
            let count = recv(socket, buffer.baseAddress, min(limit, buffer.count), flags)
            guard count > 0 else {
                throw count == 0 ? Failure("\(path): the server closed the connection") : Failure.system(path)
            }
            return count
        }
        var head: HeadCollector.Head?
        while head == nil {
            let count = try received(0, limit: 64 << 10)
            head = try collector.add(UnsafeBufferPointer(rebasing: buffer[..<count]))
        }
        guard let head else { throw Failure("\(path): no answer") }
        var firstByte = secondsNow()
        var kept: [UInt8] = []
        func take(_ bytes: ArraySlice<UInt8>) throws {
            if keeping { kept += bytes }
            guard let sink else { return }
            let written = bytes.withUnsafeBytes { write(sink, $0.baseAddress, $0.count) }
            guard written == bytes.count else { throw Failure.system("saving \(path)") }
        }
        try take(collector.surplus[...])
        var left = head.length - min(head.length, UInt64(collector.surplus.count))
        var isFirst = collector.surplus.isEmpty
        while left > 0 {
            let wanted = Int(min(left, UInt64(buffer.count)))
            let count = try received(keeping || sink != nil ? 0 : Int32(MSG_TRUNC), limit: wanted)
            if isFirst { firstByte = secondsNow() }
            isFirst = false
            if keeping || sink != nil { try take(ArraySlice(buffer[..<count])) }
            left -= UInt64(count)
        }
        return Answer(
            status: head.status, length: head.length, body: kept, firstByte: firstByte, lastByte: secondsNow())
    }

    private func send(_ bytes: [UInt8]) throws {
        let count = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        guard count == bytes.count else { throw Failure.system("sending a request to port \(port)") }
    }
}

/// A TCP connection to a port of the loopback interface.
func connectedSocket(port: UInt16, from local: UInt32) throws -> Int32 {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { throw Failure.system("opening a socket") }
    var own = socketAddress(local, 0)
    var peer = socketAddress(loopback, port)
    guard own.withSocketAddress({ bind(socket, $0, $1) }) == 0, peer.withSocketAddress({ connect(socket, $0, $1) }) == 0
    else {
        let failure = Failure.system("connecting to port \(port)")
        close(socket)
        throw failure
    }
    var yes: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    return socket
}

func requestHead(_ method: String, _ path: String, port: UInt16, bodyLength: Int) -> [UInt8] {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
    if bodyLength > 0 || method == "POST" { text += "Content-Length: \(bodyLength)\r\n" }
    return Array((text + "\r\n").utf8)
}

/// Collects the head of an answer.
struct HeadCollector {
    struct Head {
        var status: Int
        var length: UInt64
    }

    private var bytes: [UInt8] = []
    /// What came behind the head: the first bytes of the body.
    private(set) var surplus: [UInt8] = []

    /// Takes in what has come; gives the head once it is whole.
    mutating func add(_ new: UnsafeBufferPointer<UInt8>) throws -> Head? {
        let start = max(0, bytes.count - 3)
        bytes += new
        guard bytes.count <= 128 << 10 else { throw Failure("the head of an answer has no end") }
        guard bytes.count >= 4 else { return nil }
        for position in start...(bytes.count - 4) where bytes[position] == 13 {
            guard bytes[position + 1] == 10, bytes[position + 2] == 13, bytes[position + 3] == 10 else { continue }
            surplus = Array(bytes[(position + 4)...])
            return try Self.parse(String(decoding: bytes[..<position], as: UTF8.self))
        }
        return nil
    }

    private static func parse(_ text: String) throws -> Head {
        let lines = text.split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else {
            throw Failure("an answer begins with \(lines.first ?? "")")
        }
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            let digits = parts[1].filter { $0 != " " }
            guard let length = UInt64(digits) else { throw Failure("an answer's length is '\(digits)'") }
            return Head(status: status, length: length)
        }
        throw Failure("an answer with status \(status) does not tell its length")
    }
}

import Glibc

/// A load of requests for one path over several connections, whose bodies are thrown away in the kernel, so that the client
/// takes little of what it measures.
public struct HTTPLoad: Sendable {
    /// The port on the loopback interface.
    public var port: UInt16
    /// What is asked for.
    public var path: String
    /// Over how many connections at once.
    public var connections: Int
    /// How many requests in all.
    public var requests: Int

    /// A load.
    public init(port: UInt16, path: String, connections: Int, requests: Int) {
        self.port = port
        self.path = path
        self.connections = connections
        self.requests = requests
    }

    private struct Connection {
        var socket: Int32
        var head: HeadCollector?
        var length: UInt64 = 0
        var left: UInt64 = 0
    }

    /// Runs it; returns how many bytes of bodies came.
    public func run() throws -> UInt64 {
        var open: [Connection] = []
        defer { for connection in open { close(connection.socket) } }
        var polls: [pollfd] = []
        var asked = 0
        let request = requestHead("GET", path, port: port, bodyLength: 0)
        func ask(_ socket: Int32) throws {
            asked += 1
            guard send(socket, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
                throw Failure.system("asking for \(path)")
            }
        }
        for _ in 0..<min(connections, requests) {
            let socket = try connectedSocket(port: port, from: loopback)
            open.append(Connection(socket: socket, head: HeadCollector()))
            polls.append(pollfd(fd: socket, events: Int16(POLLIN), revents: 0))
            try ask(socket)
        }
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 << 10)
        defer { buffer.deallocate() }
        var bytes: UInt64 = 0
        var running = open.count
        while running > 0 {
            guard poll(&polls, nfds_t(polls.count), 30_000) > 0 else { throw Failure("\(path): nothing came for 30 s") }
            for number in polls.indices where polls[number].revents != 0 {
                polls[number].revents = 0
                guard let length = try receive(&open[number], buffer) else { continue }
                bytes += length
                if asked < requests {
                    try ask(open[number].socket)
                } else {
                    polls[number].fd = -1
                    running -= 1
                }
            }
        }
        return bytes
    }

    private static let largestRead = 4 << 20

    /// Takes in what has come on a connection; the body's length once it is complete.
    private func receive(_ connection: inout Connection, _ buffer: UnsafeMutableBufferPointer<UInt8>) throws -> UInt64?
    {
        let isHead = connection.head != nil
        let limit = isHead ? buffer.count : Int(min(connection.left, UInt64(Self.largestRead)))
        let flags = Int32(MSG_DONTWAIT) | (isHead ? 0 : Int32(MSG_TRUNC))
        let count = recv(connection.socket, isHead ? buffer.baseAddress : nil, limit, flags)
        if count < 0, errno == EAGAIN || errno == EINTR { return nil }
        guard count > 0 else {
            throw count == 0 ? Failure("\(path): the server closed the connection") : Failure.system(path)
        }
        if isHead {
            guard let head = try connection.head?.add(UnsafeBufferPointer(rebasing: buffer[..<count])) else {
                return nil
            }
            guard head.status == 200 else { throw Failure("\(path): status \(head.status)") }
            let surplus = UInt64(connection.head?.surplus.count ?? 0)
            connection.left = head.length - min(head.length, surplus)
            connection.head = nil
            connection.length = head.length
        } else {
            connection.left -= min(connection.left, UInt64(count))
        }
        guard connection.left == 0 else { return nil }
        connection.head = HeadCollector()
        return connection.length
    }
}

import Glibc

/// One TFTP client (RFC 1350, 2347, 2348, 7440), driven by whatever arrives at its socket.
public struct TFTPClient {
    /// What it fetches, and how.
    public struct Request: Sendable {
        /// The server's address in host order.
        public var server: UInt32
        /// The server's port.
        public var port: UInt16
        /// The file's name.
        public var file: String
        /// The block size asked for, 8 to 65464.
        public var blockSize: Int
        /// The window asked for, in blocks.
        public var windowSize: Int

        /// A request.
        public init(server: UInt32, port: UInt16, file: String, blockSize: Int = 512, windowSize: Int = 1) {
            self.server = server
            self.port = port
            self.file = file
            self.blockSize = blockSize
            self.windowSize = windowSize
        }

        var packet: [UInt8] {
            var packet: [UInt8] = [0, 1] + Array(file.utf8) + [0] + Array("octet".utf8) + [0]
            if blockSize != 512 { packet += Array("blksize\0\(blockSize)\0".utf8) }
            if windowSize != 1 { packet += Array("windowsize\0\(windowSize)\0".utf8) }
            return packet
        }
    }

    /// Its socket, to be polled; -1 before it began.
    public private(set) var socket: Int32 = -1
    /// The block size that the server granted.
    public private(set) var blockSize = 512
    /// The window that the server granted.
    public private(set) var windowSize = 1
    /// How many bytes of files have arrived.
    public private(set) var bytes: UInt64 = 0

    private var server = sockaddr_in()
    private var block: UInt16 = 0
    private var inWindow = 0

    /// A client at rest.
    public init() {}

    /// Room for the largest packet.
    public static let largestPacket = 65536

    /// Asks for a file, from a fresh port of the address `local`.
    public mutating func begin(_ request: Request, from local: UInt32) throws {
        end()
        socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = socketAddress(local, 0)
        let descriptor = socket
        let bound = address.withSocketAddress { bind(descriptor, $0, $1) }
        guard descriptor >= 0, bound == 0 else { throw Failure.system("opening a socket for a TFTP client") }
        var room: Int32 = 4 << 20
        setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size))
        server = socketAddress(request.server, request.port)
        (blockSize, windowSize, block, inWindow) = (512, 1, 0, 0)
        let packet = request.packet
        let sent = server.withSocketAddress { sendto(descriptor, packet, packet.count, 0, $0, $1) }
        guard sent == packet.count else { throw Failure.system("asking for \(request.file) by TFTP") }
    }

    /// Lets go of the socket.
    public mutating func end() {
        if socket >= 0 { close(socket) }
        socket = -1
    }

    /// Takes in everything that has arrived; true when the file is complete.
    public mutating func receive(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws -> Bool {
        let descriptor = socket
        while true {
            let count = server.withSocketAddress { address, size in
                var size = size
                return recvfrom(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT), address, &size)
            }
            guard count >= 4 else { return false }
            switch buffer[1] {
            case 3:
                let number = UInt16(buffer[2]) << 8 | UInt16(buffer[3])
                guard number == block &+ 1 else {
                    // A gap, or something seen before; the server goes on behind what is acknowledged.
                    if inWindow > 0 { acknowledge() }
                    inWindow = 0
                    continue
                }
                block = number
                inWindow += 1
                bytes += UInt64(count - 4)
                let isLast = count - 4 < blockSize
                if isLast || inWindow == windowSize {
                    inWindow = 0
                    acknowledge()
                }
                if isLast { return true }
            case 6:
                let texts = buffer[2..<count].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
                for (name, value) in zip(texts, texts.dropFirst()) {
                    if name.lowercased() == "blksize" { blockSize = Int(value) ?? 512 }
                    if name.lowercased() == "windowsize" { windowSize = Int(value) ?? 1 }
                }
                acknowledge()
            case 5:
                let reason = String(decoding: buffer[4..<count].prefix { $0 != 0 }, as: UTF8.self)
                throw Failure("the TFTP server refused: \(reason)")
            default: throw Failure("a TFTP packet with opcode \(buffer[1]) is not expected")
            }
        }
    }

    private mutating func acknowledge() {
        let (descriptor, number) = (socket, block)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4) { packet in
            packet[0] = 0
            packet[1] = 4
            packet[2] = UInt8(number >> 8)
            packet[3] = UInt8(truncatingIfNeeded: number)
            _ = server.withSocketAddress { sendto(descriptor, packet.baseAddress, 4, 0, $0, $1) }
        }
    }
}

extension TFTPClient {
    /// Fetches one file and waits for it; returns its length.
    public static func fetch(_ request: Request, from local: UInt32) throws -> UInt64 {
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: largestPacket)
        defer { buffer.deallocate() }
        var client = TFTPClient()
        defer { client.end() }
        try client.begin(request, from: local)
        var poller = pollfd(fd: client.socket, events: Int16(POLLIN), revents: 0)
        while true {
            guard poll(&poller, 1, 10_000) > 0 else { throw Failure("no TFTP packet came for 10 s") }
            if try client.receive(buffer) { return client.bytes }
        }
    }
}

import Glibc
import NetworkTypes
import TFTP

/// A UDP socket that speaks packets, for what real clients never do.
final class PlainClient {
    let socket: Int32
    let request: SocketEndpoint
    /// Where the last packet came from, to which the next goes.
    private(set) var peer: SocketEndpoint

    init(server: SocketEndpoint, localAddress: IPv4Address = .loopback, localPort: UInt16 = 0) {
        request = server
        peer = server
        socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var local = Self.name(SocketEndpoint(address: localAddress, port: localPort))
        let bound = withUnsafePointer(to: &local) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(bound == 0, "no socket for a test client: \(errno)")
    }

    deinit { close(socket) }

    var localPort: UInt16 {
        var name = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        }
        return UInt16(bigEndian: name.sin_port)
    }

    private static func name(_ endpoint: SocketEndpoint) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = endpoint.address.value.bigEndian
        name.sin_port = endpoint.port.bigEndian
        return name
    }

    func sendBytes(_ bytes: [UInt8], to endpoint: SocketEndpoint? = nil) {
        var name = Self.name(endpoint ?? peer)
        withUnsafePointer(to: &name) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socket, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    func send(_ packet: TFTPPacket) { sendBytes(packet.encode()) }

    func ask(_ name: String, mode: String = "octet", _ options: [TransferOption] = []) {
        sendBytes(
            TFTPPacket.readRequest(TFTPRequest(fileName: Array(name.utf8), mode: mode, options: options)).encode(),
            to: request)
    }

    /// The next packet, or nil when none comes in time or what comes is none.
    func receive(milliseconds: Int32 = 180_000) -> TFTPPacket? {
        var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) == 1 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 65536)
        var name = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(socket, &buffer, buffer.count, 0, $0, &size)
            }
        }
        guard count >= 0 else { return nil }
        peer = SocketEndpoint(
            address: IPv4Address(value: UInt32(bigEndian: name.sin_addr.s_addr)), port: UInt16(bigEndian: name.sin_port)
        )
        return try? TFTPPacket(decoding: buffer[..<count])
    }

    /// Fetches a file in the plainest way, and returns what came, or the error.
    func fetch(
        _ name: String, mode: String = "octet", _ options: [TransferOption] = []
    ) -> Result<[UInt8], FetchError> {
        ask(name, mode: mode, options)
        var content: [UInt8] = []
        var block: UInt16 = 0
        var size = 512
        var window = 1
        var inWindow = 0
        while let packet = receive() {
            switch packet {
            case .optionAcknowledgement(let accepted):
                for option in accepted {
                    if option.name == "blksize" { size = Int(option.value) ?? 512 }
                    if option.name == "windowsize" { window = Int(option.value) ?? 1 }
                }
                send(.acknowledgement(block: 0))
            case .data(let number, let bytes):
                guard number == block &+ 1 else {
                    if inWindow > 0 { send(.acknowledgement(block: block)) }
                    inWindow = 0
                    continue
                }
                block = number
                content += bytes
                inWindow += 1
                if inWindow == window || bytes.count < size {
                    inWindow = 0
                    send(.acknowledgement(block: block))
                }
                if bytes.count < size { return .success(content) }
            case .error(let code, let message): return .failure(FetchError(code: code, message: message))
            case .acknowledgement, .readRequest, .writeRequest:
                return .failure(FetchError(code: .undefined, message: "\(packet)"))
            }
        }
        return .failure(FetchError(code: .undefined, message: "silence"))
    }
}

struct FetchError: Error, Equatable {
    var code: TFTPErrorCode
    var message: String
}

import Glibc
import Synchronization

/// A port of the loopback that is taken and at which nobody listens: connections are refused for as long as it is held.
final class RefusingPort: Sendable {
    let number: Int
    private let descriptor: Mutex<Int32>

    init() throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 ? getsockname(socket, $0, &length) : -1
            }
        }
        guard result == 0 else { throw CaseFailure("no port: \(String(cString: strerror(errno)))") }
        number = Int(UInt16(bigEndian: name.sin_port))
        descriptor = Mutex(socket)
    }

    func close() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }
}

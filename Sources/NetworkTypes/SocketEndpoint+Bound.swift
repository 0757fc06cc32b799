import Glibc

extension SocketEndpoint {
    /// What an IPv4 socket is bound to; nil if that cannot be told.
    public init?(boundBy socket: Int32) {
        var name = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        }
        guard result == 0, name.sin_family == sa_family_t(AF_INET) else { return nil }
        self.init(
            address: IPv4Address(value: UInt32(bigEndian: name.sin_addr.s_addr)), port: UInt16(bigEndian: name.sin_port)
        )
    }
}

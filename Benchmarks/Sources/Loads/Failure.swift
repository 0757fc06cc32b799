import Glibc

/// Why a measurement could not be made, as a sentence.
public struct Failure: Error, CustomStringConvertible {
    /// The sentence.
    public let description: String

    /// A failure.
    public init(_ sentence: String) { description = sentence }

    /// A failed system call, with `errno` as the reason.
    public static func system(_ action: String) -> Failure { Failure("\(action): \(String(cString: strerror(errno)))") }
}

/// Seconds on a clock that only goes forward.
public func secondsNow() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}

/// Writes to standard error.
public func complain(_ text: String) { _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) } }

/// The IPv4 socket address of an address in host order and a port.
func socketAddress(_ address: UInt32, _ port: UInt16) -> sockaddr_in {
    var result = sockaddr_in()
    result.sin_family = sa_family_t(AF_INET)
    result.sin_addr.s_addr = address.bigEndian
    result.sin_port = port.bigEndian
    return result
}

extension sockaddr_in {
    /// Calls `body` with the address as the socket functions want it.
    mutating func withSocketAddress<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &self) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// An IPv4 address in host order out of its text.
public func parseAddress(_ text: String) throws -> UInt32 {
    var address = in_addr()
    guard inet_pton(AF_INET, text, &address) == 1 else { throw Failure("'\(text)' is not an IPv4 address") }
    return UInt32(bigEndian: address.s_addr)
}

/// 127.0.0.1 in host order.
public let loopback: UInt32 = 0x7f00_0001

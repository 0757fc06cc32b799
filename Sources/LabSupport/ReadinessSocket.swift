import Foundation

/// The datagram socket on which a daemon says that it is ready (sd_notify(3)), so that nobody has to guess.
final class ReadinessSocket: Sendable {
    /// What `NOTIFY_SOCKET` is to be.
    let path: String
    private let descriptor: Int32

    /// A socket in the temporary folder: its name has at most 107 bytes, and a test's folder may be deep.
    init() throws(LabError) {
        path = "\(NSTemporaryDirectory())/slipway-ready-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        guard descriptor >= 0, name.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw LabError("cannot make a socket at \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw LabError("cannot bind \(path): \(String(cString: strerror(errno)))") }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// Calls `ready` when READY=1 arrives, on a thread of its own, which ends then or at the deadline.
    func listen(within seconds: Int, _ ready: @escaping @Sendable () -> Void) {
        Thread.detachNewThread { [self] in
            var limit = timeval(tv_sec: seconds, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(descriptor, &buffer, buffer.count, 0), count >= 0 {
                if String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n").contains("READY=1") {
                    ready()
                    return
                }
            }
        }
    }
}

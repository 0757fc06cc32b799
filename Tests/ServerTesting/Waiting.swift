import Foundation
import Glibc
import Synchronization

/// Runs `body`, which blocks, on a thread of its own, so that a server in this process can go on.
public func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        // Not a queue: its threads are few, and the server works on them too.
        Thread { continuation.resume(with: Result(catching: body)) }.start()
    }
}

/// How many seconds a test waits for what is to come. Nothing is proven by how soon it comes: a machine may be ten times slower
/// than another, and stand still in between.
public let patience = 180.0

/// Looks at a condition until it holds, or until the time is over. Gives the last look.
public func holds(within seconds: Double = patience, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        usleep(20_000)
    }
    return try condition()
}

/// How many descriptors a process has open, itself by default.
public func openDescriptors(of process: pid_t = getpid()) -> Int {
    guard let folder = opendir("/proc/\(process)/fd") else { return -1 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
}

private let nextPort = Mutex<Int>(Int(getpid()) % 8000)

/// A port of the loopback that nothing holds, for a program that must be told one. The system gives none of these to whoever asks
/// for any (ip_local_port_range of ip-sysctl), so it stays free until it is used. Nil when all are taken.
public func unusedPort(datagrams: Bool = false) -> Int? {
    for _ in 0..<8000 {
        let port = nextPort.withLock { next in
            next = (next + 1) % 8000
            return 22_000 + next
        }
        let kind = datagrams ? SOCK_DGRAM : SOCK_STREAM
        let descriptor = socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(port).bigEndian
        let result = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return port }
    }
    return nil
}

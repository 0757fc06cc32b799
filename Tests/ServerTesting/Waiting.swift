import Foundation
import Glibc

/// Runs `body`, which blocks, on a thread of its own, so that a server in this process can go on.
public func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        // Not a queue: its threads are few, and the server works on them too.
        Thread { continuation.resume(with: Result(catching: body)) }.start()
    }
}

/// Looks at a condition until it holds, or until the time is over. Gives the last look.
public func holds(within seconds: Double, _ condition: () throws -> Bool) rethrows -> Bool {
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

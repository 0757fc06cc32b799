import Dispatch

/// The processors that all builds of an imager share, so that several builds, each of which compresses on many, do not
/// start that many threads each.
final class ProcessorShare: Sendable {
    /// How many there are.
    let count: Int

    private let free = DispatchSemaphore(value: 0)

    init(_ count: Int) {
        self.count = max(1, count)
        // Counted up, because libdispatch wants a semaphore's last value to be no less than its first.
        for _ in 0..<self.count { free.signal() }
    }

    /// Runs `body` on this thread with a processor of its own, for which it waits.
    func withProcessor<Result>(
        _ isCancelled: CancellationCheck, _ body: () throws -> Result
    ) throws -> Result {
        while free.wait(timeout: .now() + .milliseconds(100)) == .timedOut { try ImagingError.check(isCancelled) }
        defer { free.signal() }
        return try body()
    }

    /// Runs `body` with up to `wanted` further processors that nobody uses now; with none it runs all the same. For those
    /// who have one.
    func withIdle<Result>(_ wanted: Int, _ body: (_ further: Int) throws -> Result) rethrows -> Result {
        var further = 0
        while further < wanted, free.wait(timeout: .now()) == .success { further += 1 }
        defer { for _ in 0..<further { free.signal() } }
        return try body(further)
    }
}

import Dispatch
import Synchronization

/// Runs builds on threads of their own, a few at a time: they read, compress and wait for programs, which would starve the
/// pool that answers requests.
public actor BuildQueue {
    /// How many builds run at once.
    public let width: Int
    /// How many may wait; one more is refused.
    public let capacity: Int

    private let threads = DispatchQueue(label: "slipway.builds", attributes: .concurrent)
    private var running = 0
    private var waiting: [UInt64: CheckedContinuation<Void, any Error>] = [:]
    private var order: [UInt64] = []
    private var counter: UInt64 = 0

    /// A queue for `width` builds at once and `capacity` that wait.
    public init(width: Int, capacity: Int) {
        self.width = max(1, width)
        self.capacity = max(0, capacity)
    }

    /// How many builds run and wait now.
    public var load: (running: Int, waiting: Int) { (running, waiting.count) }

    /// Runs `body` as soon as there is room. When the calling task is cancelled, `body` is told so by its argument.
    ///
    /// - Throws: ``FactoryError`` with the code `busy` when too many wait already; whatever `body` throws.
    public func run<Value: Sendable>(_ body: @escaping @Sendable (BuildCancellation) throws -> Value) async throws
        -> Value
    {
        try await takeSlot()
        defer { releaseSlot() }
        let cancellation = BuildCancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                threads.async { continuation.resume(with: Result { try body(cancellation) }) }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    private func takeSlot() async throws {
        try Task.checkCancellation()
        if running < width {
            running += 1
            return
        }
        guard waiting.count < capacity else {
            throw FactoryError(
                .busy, "\(running) builds are running and \(waiting.count) are waiting; try again in a moment")
        }
        counter += 1
        let ticket = counter
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiting[ticket] = continuation
                    order.append(ticket)
                }
            }
        } onCancel: {
            Task { await self.giveUp(ticket) }
        }
    }

    private func giveUp(_ ticket: UInt64) {
        waiting.removeValue(forKey: ticket)?.resume(throwing: CancellationError())
        order.removeAll { $0 == ticket }
    }

    private func releaseSlot() {
        while !order.isEmpty {
            // The slot passes on to the one who has waited longest, so `running` stays as it is.
            if let next = waiting.removeValue(forKey: order.removeFirst()) {
                next.resume()
                return
            }
        }
        running -= 1
    }
}

/// Tells a running build that nobody wants it any more.
public final class BuildCancellation: Sendable {
    private let flag = Mutex(false)

    /// One that has not been cancelled.
    public init() {}

    /// Whether it has been.
    public var isCancelled: Bool { flag.withLock { $0 } }

    /// Cancels.
    public func cancel() { flag.withLock { $0 = true } }

    /// Throws `CancellationError` when it has been cancelled.
    public func check() throws {
        if isCancelled { throw CancellationError() }
    }
}

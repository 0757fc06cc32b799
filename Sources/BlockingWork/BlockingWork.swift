import NIOPosix
import Synchronization

/// The one way off the cooperative pool, for work that waits for a disk or computes for long: a few threads of its own, and a
/// queue that has an end.
///
/// The cooperative pool answers requests and must never wait for such work; and what strangers can ask for must neither pile
/// up nor go on when they have left.
public final class BlockingWork: Sendable {
    /// How many pieces of work run at once.
    public let width: Int
    /// How many may wait; one more is refused.
    public let capacity: Int

    private let threads: NIOThreadPool
    private let refusal: @Sendable (Load) -> any Error
    private let state = Mutex(State())

    /// How much is being done.
    public struct Load: Hashable, Sendable {
        /// How many pieces of work run.
        public var running = 0
        /// How many wait.
        public var waiting = 0

        /// A load.
        public init(running: Int = 0, waiting: Int = 0) {
            self.running = running
            self.waiting = waiting
        }
    }

    private struct State {
        var running = 0
        var waiting: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        /// The ticket that the next caller who cannot run at once gets.
        var nextTicket: UInt64 = 0
        /// No ticket below this one waits.
        var oldest: UInt64 = 0

        mutating func insert(_ ticket: UInt64, _ continuation: CheckedContinuation<Void, any Error>) {
            waiting[ticket] = continuation
            oldest = min(oldest, ticket)
        }

        /// Takes out the one that has waited longest.
        mutating func popFirst() -> CheckedContinuation<Void, any Error>? {
            while oldest < nextTicket {
                defer { oldest += 1 }
                if let first = waiting.removeValue(forKey: oldest) { return first }
            }
            return nil
        }
    }

    /// - Parameters:
    ///   - width: How many threads there are.
    ///   - capacity: How many pieces of work may wait for one.
    ///   - refusal: What the caller of one too many gets.
    public init(width: Int, capacity: Int, refusal: @escaping @Sendable (Load) -> any Error) {
        self.width = max(1, width)
        self.capacity = max(0, capacity)
        self.refusal = refusal
        threads = NIOThreadPool(numberOfThreads: self.width)
        threads.start()
    }

    deinit { threads.shutdownGracefully { _ in } }

    /// How many pieces of work run and wait now.
    public var load: Load { state.withLock { Load(running: $0.running, waiting: $0.waiting.count) } }

    /// Runs `body` on another thread as soon as one is free.
    ///
    /// A caller that is cancelled while it waits leaves the queue. One that is cancelled later gets its result all the same.
    ///
    /// - Throws: What `refusal` says when too many wait already; `CancellationError`; whatever `body` throws.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await takeThread()
        defer { giveThreadBack() }
        return try await withCheckedThrowingContinuation { continuation in
            threads.submit { _ in continuation.resume(with: Result(catching: body)) }
        }
    }

    private func takeThread() async throws {
        try Task.checkCancellation()
        let ticket: UInt64? = state.withLock { state in
            if state.running < width {
                state.running += 1
                return nil
            }
            defer { state.nextTicket += 1 }
            return state.nextTicket
        }
        guard let ticket else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { enter(ticket, $0) }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume(throwing: CancellationError())
        }
    }

    /// Lets in, queues or refuses a caller.
    private func enter(_ ticket: UInt64, _ continuation: CheckedContinuation<Void, any Error>) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            // A thread may have become free since we looked. A task that was cancelled before this shows it; one that is
            // cancelled later finds its ticket.
            if Task.isCancelled { return .failure(CancellationError()) }
            if state.running < width {
                state.running += 1
                return .success(())
            }
            guard state.waiting.count < capacity else {
                return .failure(refusal(Load(running: state.running, waiting: state.waiting.count)))
            }
            state.insert(ticket, continuation)
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func giveThreadBack() {
        // The thread passes on to the one who has waited longest, so `running` stays as it is.
        let next = state.withLock { state in
            let next = state.popFirst()
            if next == nil { state.running -= 1 }
            return next
        }
        next?.resume()
    }
}

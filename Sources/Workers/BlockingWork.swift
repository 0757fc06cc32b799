import NIOPosix
import Synchronization

/// The way off the cooperative pool for work that waits for a disk or computes for long, and ends: a few threads of its own,
/// and a queue that has an end. What lasts as long as a server has ``OwnThread``.
///
/// The cooperative pool answers requests and must never wait for such work; and what strangers can ask for must neither pile
/// up nor go on when they have left. Clients take turns, however much one of them asks for; when the queue is full, the one
/// with most in it loses its newest to whoever has less.
public final class BlockingWork: Sendable {
    /// How many pieces of work run at once.
    public let width: Int
    /// How many may wait; one more is refused.
    public let capacity: Int

    private let threads: NIOThreadPool
    private let refusal: @Sendable (Load) -> any Error
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

    /// For whom work is done, as limits count clients. All that is nobody's in particular is one client's.
    public struct Client: Hashable, Sendable {
        private let number: UInt64

        /// The client with a number.
        public init(_ number: UInt64) { self.number = number }
    }

    /// For whom the current task works.
    @TaskLocal public static var client = Client(0)

    private let state = Mutex(WaitingLine())

    /// - Parameters:
    ///   - width: How many threads there are.
    ///   - capacity: How many pieces of work may wait for one.
    ///   - refusal: What the caller of one too many gets, or who has to make room for another client.
    public init(width: Int, capacity: Int, refusal: @escaping @Sendable (Load) -> any Error) {
        self.width = max(1, width)
        self.capacity = max(0, capacity)
        self.refusal = refusal
        threads = NIOThreadPool(numberOfThreads: self.width)
        threads.start()
    }

    deinit { threads.shutdownGracefully { _ in } }

    /// How many pieces of work run and wait now.
    public var load: Load { state.withLock { Load(running: $0.running, waiting: $0.count) } }

    /// Runs `body` on another thread as soon as one is free.
    ///
    /// A caller that is cancelled while it waits leaves the queue. One that is cancelled later gets its result all the same.
    ///
    /// - Throws: What `refusal` says when too many wait already; `CancellationError`; whatever `body` throws.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withTurn { try await $0.run(body) }
    }

    /// Runs `body` here as soon as a thread is free, which is the caller's alone until `body` ends: for work of several steps,
    /// some of which wait for something else. In between it does not queue again.
    ///
    /// - Throws: What `refusal` says when too many wait already; `CancellationError`; whatever `body` throws.
    public func withTurn<Value: Sendable>(_ body: (Turn) async throws -> Value) async throws -> Value {
        try await takeThread()
        defer { giveThreadBack() }
        return try await body(Turn(threads: threads))
    }

    private func takeThread() async throws {
        try Task.checkCancellation()
        let ticket: UInt64? = state.withLock { state in
            if state.running < width {
                state.running += 1
                return nil
            }
            return state.newTicket()
        }
        guard let ticket else { return }
        let client = Self.client
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { enter(ticket, of: client, $0) }
        } onCancel: {
            state.withLock { $0.remove(ticket) }?.resume(throwing: CancellationError())
        }
    }

    /// Lets in, queues or refuses a caller, and refuses another one that has to make room.
    private func enter(_ ticket: UInt64, of client: Client, _ continuation: WaitingLine.Caller) {
        let outcomes: [(WaitingLine.Caller, Result<Void, any Error>)] = state.withLock { state in
            // A thread may have become free since we looked. A task that was cancelled before this shows it; one that is
            // cancelled later finds its ticket.
            if Task.isCancelled { return [(continuation, .failure(CancellationError()))] }
            if state.running < width {
                state.running += 1
                return [(continuation, .success(()))]
            }
            let load = Load(running: state.running, waiting: state.count)
            guard state.count >= capacity else {
                state.add(continuation, ticket, of: client)
                return []
            }
            guard let other = state.makeRoom(for: client) else { return [(continuation, .failure(refusal(load)))] }
            state.add(continuation, ticket, of: client)
            return [(other, .failure(refusal(load)))]
        }
        for (caller, outcome) in outcomes { caller.resume(with: outcome) }
    }

    private func giveThreadBack() {
        // The thread passes on to the next one, so `running` stays as it is.
        let next = state.withLock { state in
            let next = state.next()
            if next == nil { state.running -= 1 }
            return next
        }
        next?.resume()
    }
}

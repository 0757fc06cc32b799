import Synchronization
import Workers

/// Runs builds on threads of their own, a few at a time: they read, compress and wait for programs.
public final class BuildQueue: Sendable {
    private let work: BlockingWork

    /// A queue for `width` builds at once and `capacity` that wait.
    public init(width: Int, capacity: Int) {
        work = BlockingWork(width: width, capacity: capacity) { load in
            FactoryError(
                .busy, "\(load.running) builds are running and \(load.waiting) are waiting; try again in a moment")
        }
    }

    /// How many builds run at once.
    public var width: Int { work.width }

    /// How many builds run and wait now.
    public var load: (running: Int, waiting: Int) {
        let load = work.load
        return (load.running, load.waiting)
    }

    /// Runs `body` as soon as there is room. When the calling task is cancelled, `body` is told so by its argument.
    ///
    /// - Throws: ``FactoryError`` with the code `busy` when too many wait already; whatever `body` throws.
    public func run<Value: Sendable>(_ body: @escaping @Sendable (BuildCancellation) throws -> Value) async throws
        -> Value
    {
        let cancellation = BuildCancellation()
        return try await withTaskCancellationHandler {
            try await work.run { try body(cancellation) }
        } onCancel: {
            cancellation.cancel()
        }
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

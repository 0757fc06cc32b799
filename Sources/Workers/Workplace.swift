import NIOPosix

/// Where work is done that waits for a disk or computes for long.
public protocol Workplace: Sendable {
    /// Runs `body` on another thread.
    ///
    /// - Throws: What `body` throws; where there is a queue, what its end refuses with, or `CancellationError`.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
}

extension BlockingWork: Workplace {
    /// A thread that is one's own for a while.
    public struct Turn: Workplace {
        let threads: NIOThreadPool

        public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
            try await withCheckedThrowingContinuation { continuation in
                threads.submit { _ in continuation.resume(with: Result(catching: body)) }
            }
        }
    }
}

import Dispatch

/// Short work that blocks on a disk: it runs on threads of its own, so that the cooperative pool, which answers requests, never
/// waits for an fsync.
public struct BlockingWork: Sendable {
    private let threads: DispatchQueue

    /// Threads under a name that debuggers show.
    public init(_ name: String) { threads = DispatchQueue(label: "slipway.\(name)", attributes: .concurrent) }

    /// Runs `body` on another thread.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            threads.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}

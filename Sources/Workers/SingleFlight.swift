/// Work that is done once however many ask for it at the same time: all who ask while it runs get its one result.
///
/// Nothing is remembered. A failure reaches those who were waiting for it and nobody after them. Work that nobody waits for
/// any more is cancelled.
public actor SingleFlight<Key: Hashable & Sendable, Value: Sendable> {
    private struct Flight {
        var number: UInt64
        var task: Task<Void, Never>
        var waiters: [UInt64: CheckedContinuation<Value, any Error>]
    }

    private var flights: [Key: Flight] = [:]
    private var counter: UInt64 = 0

    /// Nothing is under way yet.
    public init() {}

    /// The result of `work` for `key`, begun by this call or by another that is still waiting.
    public func value(for key: Key, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        counter += 1
        let waiter = counter
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    join(key, waiter: waiter, continuation: continuation, work: work)
                }
            }
        } onCancel: {
            Task { await self.leave(key, waiter: waiter) }
        }
    }

    /// How many pieces of work are running.
    public var count: Int { flights.count }

    /// How many are waiting for some piece of work.
    public var waiting: Int { flights.values.reduce(0) { $0 + $1.waiters.count } }

    private func join(
        _ key: Key, waiter: UInt64, continuation: CheckedContinuation<Value, any Error>,
        work: @escaping @Sendable () async throws -> Value
    ) {
        if flights[key] != nil {
            flights[key]?.waiters[waiter] = continuation
            return
        }
        let number = waiter
        // Unstructured, because the work belongs to all who wait for it and must outlive the first of them.
        let task = Task {
            let result: Result<Value, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            finish(key, number: number, result)
        }
        flights[key] = Flight(number: number, task: task, waiters: [waiter: continuation])
    }

    private func finish(_ key: Key, number: UInt64, _ result: Result<Value, any Error>) {
        // After a cancellation another flight may have taken the key.
        guard let flight = flights[key], flight.number == number else { return }
        flights[key] = nil
        for continuation in flight.waiters.values { continuation.resume(with: result) }
    }

    private func leave(_ key: Key, waiter: UInt64) {
        guard let continuation = flights[key]?.waiters.removeValue(forKey: waiter) else { return }
        continuation.resume(throwing: CancellationError())
        if let flight = flights[key], flight.waiters.isEmpty {
            flights[key] = nil
            flight.task.cancel()
        }
    }
}

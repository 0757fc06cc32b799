import Logging

/// Tries something again after failures that pass by.
struct Attempts: Sendable {
    let policy: RetryPolicy
    let logger: Logger

    /// After so many bytes a transfer that breaks off again begins to count anew.
    private static let progress: UInt64 = 1 << 20

    /// How long those are not asked at most that wanted to be left alone.
    private static let longestRest = Duration.seconds(900)
    /// How long they are waited for where somebody else can be asked.
    private static let patience = Duration.seconds(1)

    /// - Parameters:
    ///   - isLast: Whether there is nowhere else to ask. Elsewhere somebody may have it at once.
    ///   - progress: How many bytes have come so far.
    func run<Value>(
        at endpoint: Endpoint, _ gate: HostGate, _ deadline: Deadline, isLast: Bool = true,
        progress: () -> UInt64 = { 0 }, _ body: () async throws -> Value
    ) async throws -> Value {
        var failures = 0
        var mark = progress()
        while true {
            try await pass(gate, to: endpoint, within: isLast ? deadline.left : min(Self.patience, deadline.left))
            do { return try await body() } catch let error as RegistryError {
                let now = progress()
                if now - mark >= Self.progress { failures = 0 }
                mark = now
                failures += 1
                let wait = policy.wait(afterFailures: failures, error, jitter: .random(in: 0...1))
                if error.code == .rateLimited {
                    let rest = error.retryAfter.map { max($0, RetryPolicy.floor) } ?? wait ?? policy.firstWait
                    await gate.close(endpoint.base.origin, for: min(rest, Self.longestRest))
                }
                let goesOn = isLast || error.code == .brokenAnswer && failures < 2
                guard goesOn, let wait, wait < deadline.left else { throw error }
                logger.debug("\(error.message); tried again", metadata: ["wait": "\(wait)"])
                if error.code != .rateLimited { try await Task.sleep(for: wait) }
            }
        }
    }

    /// Waits until a registry wants to be asked again. Somebody else may have been told to wait even longer meanwhile.
    private func pass(_ gate: HostGate, to endpoint: Endpoint, within limit: Duration) async throws {
        let start = ContinuousClock.now
        while let wait = await gate.wait(for: endpoint.base.origin) {
            guard start.duration(to: .now) + wait < limit else {
                throw RegistryError(
                    .rateLimited,
                    "\(endpoint.host) has been asked too often, and wants to be asked again in \(wait.components.seconds) s",
                    retryAfter: wait)
            }
            try await Task.sleep(for: wait)
        }
    }
}

import Synchronization
import Testing
import Workers

@Suite(.timeLimit(.minutes(10))) struct SingleFlightTests {
    /// Opens when told; work under test waits at it, so that nothing depends on timing.
    final class Gate: Sendable {
        private let state = Mutex<(open: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

        func open() {
            let waiters = state.withLock { state in
                state.open = true
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }

        func wait() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.open { state.waiters.append(continuation) }
                    return state.open
                }
                if isOpen { continuation.resume() }
            }
        }
    }

    struct Failure: Error {}

    @Test func manyWhoAskAtOnceShareOnePieceOfWork() async throws {
        let flight = SingleFlight<String, Int>()
        let gate = Gate()
        let counter = CountBox()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    return try await flight.value(for: "key") {
                        counter.started()
                        await gate.wait()
                        return 42
                    }
                }
            }
            while await flight.waiting < 50 { await Task.yield() }
            gate.open()
            for try await value in group { #expect(value == 42) }
        }
        #expect(counter.runs == 1)
        #expect(await flight.count == 0)
    }

    final class CountBox: Sendable {
        private let state = Mutex(0)
        var runs: Int { state.withLock { $0 } }
        func started() { state.withLock { $0 += 1 } }
    }

    @Test func aFailureDoesNotPoisonTheNextAttempt() async throws {
        let flight = SingleFlight<String, Int>()
        await #expect(throws: Failure.self) { try await flight.value(for: "key") { throw Failure() } }
        #expect(try await flight.value(for: "key") { 7 } == 7)
    }

    @Test func oneWaiterLeavingDoesNotStopTheOthers() async throws {
        let flight = SingleFlight<String, Int>()
        let gate = Gate()
        let first = Task {
            try await flight.value(for: "key") {
                await gate.wait()
                try Task.checkCancellation()
                return 1
            }
        }
        while await flight.count == 0 { await Task.yield() }
        let second = Task { try await flight.value(for: "key") { 2 } }
        while await flight.waiting < 2 { await Task.yield() }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        gate.open()
        #expect(try await second.value == 1, "the work of the first goes on for the second")
    }

    @Test func workThatNobodyWaitsForIsCancelled() async throws {
        let flight = SingleFlight<String, Int>()
        let cancelled = Gate()
        let task = Task {
            try await flight.value(for: "key") {
                while !Task.isCancelled { await Task.yield() }
                cancelled.open()
                return 0
            }
        }
        while await flight.count == 0 { await Task.yield() }
        task.cancel()
        await cancelled.wait()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

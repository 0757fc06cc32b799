import Dispatch
import Foundation
import Synchronization
import Testing
import Workers

@Suite(.timeLimit(.minutes(10))) struct OwnThreadTests {
    private struct Failure: Error {}

    /// Counts those that have gone.
    private final class Held: Sendable {
        private let gone: DispatchSemaphore

        init(_ gone: DispatchSemaphore) { self.gone = gone }

        deinit { gone.signal() }
    }

    @Test func whoAsksGetsWhatTheBodyGaveOrThrew() async throws {
        let thread = try OwnThread(named: "seven") { 7 }
        #expect(try await thread.value == 7)
        #expect(try await thread.value == 7)
        let failing = try OwnThread<Int>(named: "failing") { throw Failure() }
        await #expect(throws: Failure.self) { try await failing.value }
    }

    @Test func aThreadHasItsName() async throws {
        let thread = try OwnThread(named: "a name that is long") {
            try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
        }
        #expect(try await thread.value == "a name that is \n")
    }

    @Test func severalMayWait() async throws {
        let gate = DispatchSemaphore(value: 0)
        let thread = try OwnThread(named: "several") {
            gate.wait()
            return "done"
        }
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<10 { group.addTask { try await thread.value } }
            gate.signal()
            for try await value in group { #expect(value == "done") }
        }
    }

    @Test func whoIsCancelledWaitsForTheEndAllTheSame() async throws {
        let gate = DispatchSemaphore(value: 0)
        let hasEnded = Atomic(false)
        let thread = try OwnThread(named: "stubborn") {
            gate.wait()
            hasEnded.store(true, ordering: .sequentiallyConsistent)
        }
        let task = Task {
            // It is cancelled before it begins to wait.
            while !Task.isCancelled { await Task.yield() }
            DispatchQueue.global().asyncAfter(deadline: .now() + 0.1) { gate.signal() }
            try await thread.value
            return hasEnded.load(ordering: .sequentiallyConsistent)
        }
        task.cancel()
        #expect(try await task.value)
    }

    @Test func whatTheBodyHeldHasGoneWhenItsEndIsHeardOf() async throws {
        for _ in 0..<200 {
            let gone = DispatchSemaphore(value: 0)
            let thread = try {
                let held = Held(gone)
                return try OwnThread(named: "holding") { withExtendedLifetime(held) {} }
            }()
            try await thread.value
            #expect(isSignalled(gone))
        }
    }

    private func isSignalled(_ semaphore: DispatchSemaphore) -> Bool { semaphore.wait(timeout: .now()) == .success }
}

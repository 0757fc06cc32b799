import Dispatch
import Glibc
import Synchronization
import Testing

@testable import ImageFactory

@Suite(.timeLimit(.minutes(10))) struct BuildQueueTests {
    struct Failure: Error {}

    @Test func asManyAtOnceAsItsWidthAndNeverMore() async throws {
        let queue = BuildQueue(width: 3, capacity: 100)
        let box = Box()
        let gate = DispatchSemaphore(value: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<60 {
                group.addTask {
                    try await queue.run { _ in
                        box.enter()
                        gate.wait()
                        box.leave()
                    }
                }
            }
            // Nobody leaves before all have come.
            while queue.load.running + queue.load.waiting < 60 { await Task.yield() }
            #expect(queue.load == (3, 57))
            while box.most < queue.load.running { await Task.yield() }
            for _ in 0..<60 { gate.signal() }
            try await group.waitForAll()
        }
        #expect(box.most == 3)
        #expect(queue.load == (0, 0))
    }

    final class Box: Sendable {
        private let state = Mutex((now: 0, most: 0))
        var most: Int { state.withLock { $0.most } }
        func enter() {
            state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
        }
        func leave() { state.withLock { $0.now -= 1 } }
    }

    @Test func oneTooManyIsRefusedAndAFailureFreesItsPlace() async throws {
        let queue = BuildQueue(width: 1, capacity: 0)
        let gate = DispatchSemaphore(value: 0)
        let first = Task { try await queue.run { _ in gate.wait() } }
        while queue.load.running == 0 { await Task.yield() }
        let error = await #expect(throws: FactoryError.self) { try await queue.run { _ in } }
        #expect(error?.code == .busy)
        gate.signal()
        try await first.value
        await #expect(throws: Failure.self) { try await queue.run { _ in throw Failure() } }
        #expect(try await queue.run { _ in 5 } == 5)
    }

    @Test func aCancelledBuildIsToldAndAWaitingOneGivesUpItsPlace() async throws {
        let queue = BuildQueue(width: 1, capacity: 10)
        let running = Task {
            try await queue.run { cancellation in
                while true {
                    try cancellation.check()
                    sched_yield()
                }
            }
        }
        while queue.load.running == 0 { await Task.yield() }
        let waiting = Task { try await queue.run { _ in } }
        while queue.load.waiting == 0 { await Task.yield() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(try await queue.run { _ in 1 } == 1)
    }
}

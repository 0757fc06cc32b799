import Dispatch
import Synchronization
import Testing
import Workers

@Suite(.timeLimit(.minutes(10))) struct BlockingWorkTests {
    struct Full: Error, Equatable { var load: BlockingWork.Load }
    struct Failure: Error {}

    /// A value that several tasks change.
    private final class Shared<Value: Sendable>: Sendable {
        private let state: Mutex<Value>

        init(_ value: Value) { state = Mutex(value) }

        var value: Value { state.withLock { $0 } }
        func change(_ body: @Sendable (inout Value) -> Void) { state.withLock { body(&$0) } }
    }

    private struct Tally: Sendable {
        var now = 0
        var most = 0
        var done = 0
    }

    private func work(width: Int, capacity: Int) -> BlockingWork {
        BlockingWork(width: width, capacity: capacity) { Full(load: $0) }
    }

    /// Keeps every thread of `work` busy until the gate is opened once for each.
    private func occupied(_ work: BlockingWork, gate: DispatchSemaphore) async -> [Task<Void, any Error>] {
        let tasks = (0..<work.width).map { _ in Task { try await work.run { gate.wait() } } }
        while work.load.running < work.width { await Task.yield() }
        return tasks
    }

    @Test func neverMoreAtOnceThanItsWidthAndNothingIsLost() async throws {
        let work = work(width: 3, capacity: 1000)
        let tally = Shared(Tally())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    try await work.run {
                        tally.change {
                            $0.now += 1
                            $0.most = max($0.most, $0.now)
                        }
                        tally.change {
                            $0.now -= 1
                            $0.done += 1
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(tally.value.most <= 3)
        #expect(tally.value.done == 1000)
        #expect(work.load == .init())
    }

    @Test func oneTooManyIsRefusedAndAFailureFreesItsThread() async throws {
        let work = work(width: 2, capacity: 1)
        let gate = DispatchSemaphore(value: 0)
        let busy = await occupied(work, gate: gate)
        let waiting = Task { try await work.run { 7 } }
        while work.load.waiting == 0 { await Task.yield() }
        await #expect(throws: Full(load: .init(running: 2, waiting: 1))) { try await work.run {} }
        for _ in busy { gate.signal() }
        #expect(try await waiting.value == 7)
        for task in busy { try await task.value }
        await #expect(throws: Failure.self) { try await work.run { throw Failure() } }
        #expect(try await work.run { 5 } == 5)
        #expect(work.load == .init())
    }

    /// Work of several steps keeps its thread in between, and needs no second place in a queue that is full.
    @Test func aTurnIsOnesOwnUntilItEnds() async throws {
        let work = work(width: 1, capacity: 1)
        let order = Shared<[String]>([])
        let gate = DispatchSemaphore(value: 0)
        let steps = Task {
            try await work.withTurn { turn in
                try await turn.run {
                    gate.wait()
                    order.change { $0.append("first") }
                }
                while work.load.waiting < 1 { await Task.yield() }
                return try await turn.run {
                    order.change { $0.append("second") }
                    return 7
                }
            }
        }
        while work.load.running < 1 { await Task.yield() }
        let other = Task { try await work.run { order.change { $0.append("other") } } }
        while work.load.waiting < 1 { await Task.yield() }
        await #expect(throws: Full(load: .init(running: 1, waiting: 1))) { try await work.withTurn { _ in } }
        gate.signal()
        #expect(try await steps.value == 7)
        try await other.value
        #expect(order.value == ["first", "second", "other"])
        await #expect(throws: Failure.self) {
            try await work.withTurn { turn in try await turn.run { throw Failure() } }
        }
        #expect(work.load == .init())
    }

    @Test func whoHasWaitedLongestIsNext() async throws {
        let work = work(width: 1, capacity: 100)
        let gate = DispatchSemaphore(value: 0)
        let busy = await occupied(work, gate: gate)
        let order = Shared<[Int]>([])
        var tasks: [Task<Void, any Error>] = []
        for index in 0..<20 {
            tasks.append(Task { try await work.run { order.change { $0.append(index) } } })
            while work.load.waiting < tasks.count { await Task.yield() }
        }
        tasks[3].cancel()
        tasks[0].cancel()
        while work.load.waiting > 18 { await Task.yield() }
        gate.signal()
        for task in busy { try await task.value }
        for (index, task) in tasks.enumerated() where ![0, 3].contains(index) { try await task.value }
        #expect(order.value == Array(0..<20).filter { ![0, 3].contains($0) })
    }

    private static func client(_ number: UInt64) -> BlockingWork.Client { BlockingWork.Client(number) }

    @Test func clientsTakeTurns() async throws {
        let work = work(width: 1, capacity: 100)
        let gate = DispatchSemaphore(value: 0)
        let busy = await occupied(work, gate: gate)
        let order = Shared<[UInt64]>([])
        var tasks: [Task<Void, any Error>] = []
        for client in [1, 1, 1, 1, 1, 2, 2, 3, 1, 3] as [UInt64] {
            tasks.append(
                Task {
                    try await BlockingWork.$client.withValue(Self.client(client)) {
                        try await work.run { order.change { $0.append(client) } }
                    }
                })
            while work.load.waiting < tasks.count { await Task.yield() }
        }
        // Who leaves takes no turn.
        tasks[6].cancel()
        while work.load.waiting > 9 { await Task.yield() }
        gate.signal()
        for task in busy { try await task.value }
        for (index, task) in tasks.enumerated() where index != 6 { try await task.value }
        #expect(order.value == [1, 2, 3, 1, 3, 1, 1, 1, 1])
        #expect(work.load == .init())
    }

    /// Whoever fills the queue makes room for others, with what came last, until all have as much.
    @Test func whoHasMostMakesRoom() async throws {
        let work = work(width: 1, capacity: 6)
        let gate = DispatchSemaphore(value: 0)
        let busy = await occupied(work, gate: gate)
        let order = Shared<[String]>([])
        let refused = Shared<[String]>([])
        var tasks: [Task<Void, any Error>] = []
        func ask(_ name: String, of client: UInt64) async {
            let (waiting, lost) = (work.load.waiting, refused.value.count)
            tasks.append(
                Task {
                    do {
                        try await BlockingWork.$client.withValue(Self.client(client)) {
                            try await work.run { order.change { $0.append(name) } }
                        }
                    } catch is Full { refused.change { $0.append(name) } }
                })
            while work.load.waiting == waiting && refused.value.count == lost { await Task.yield() }
        }
        for index in 1...7 { await ask("a\(index)", of: 1) }
        #expect(refused.value == ["a7"])
        for index in 1...4 { await ask("b\(index)", of: 2) }
        #expect(refused.value == ["a7", "a6", "a5", "a4", "b4"])
        await ask("c1", of: 3)
        #expect(refused.value.count == 6 && work.load.waiting == 6)
        await ask("a8", of: 1)
        #expect(refused.value.last == "a8")
        gate.signal()
        for task in busy + tasks { try await task.value }
        #expect(order.value.count == 6 && order.value.contains("c1") && order.value.contains("b1"))
        #expect(work.load == .init())
    }

    @Test func whoIsCancelledLeavesTheQueueAndNeverRuns() async throws {
        let work = work(width: 1, capacity: 100)
        let gate = DispatchSemaphore(value: 0)
        let busy = await occupied(work, gate: gate)
        let hasRun = Shared(false)
        let tasks = (0..<50).map { _ in Task { try await work.run { hasRun.change { $0 = true } } } }
        // Some are cancelled while they wait and some before they come to it.
        while work.load.waiting < 10 { await Task.yield() }
        for task in tasks { task.cancel() }
        for task in tasks { await #expect(throws: CancellationError.self) { try await task.value } }
        #expect(work.load == .init(running: 1, waiting: 0))
        gate.signal()
        for task in busy { try await task.value }
        #expect(!hasRun.value)
        #expect(try await work.run { 1 } == 1)
    }
}

import Synchronization

/// A dictionary with a budget, which forgets what was not used for longest.
final class RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        var cost: Int
        var used: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var cost = 0
        var clock: UInt64 = 0
    }

    private let state = Mutex(State())
    private let budget: Int
    private let cost: @Sendable (Value) -> Int

    /// Remembers values whose costs together stay within `budget`. A value that costs more than a quarter of it is not
    /// remembered at all, so that one large value cannot push out everything else.
    init(budget: Int, cost: @escaping @Sendable (Value) -> Int) {
        self.budget = budget
        self.cost = cost
    }

    subscript(key: Key) -> Value? {
        get {
            state.withLock { state in
                state.clock += 1
                state.entries[key]?.used = state.clock
                return state.entries[key]?.value
            }
        }
        set {
            let added = newValue.map { max(1, cost($0)) } ?? 0
            state.withLock { state in
                state.clock += 1
                state.cost -= state.entries.removeValue(forKey: key)?.cost ?? 0
                guard let newValue, added <= budget / 4 else { return }
                state.entries[key] = Entry(value: newValue, cost: added, used: state.clock)
                state.cost += added
                guard state.cost > budget else { return }
                // Down to three quarters, so that the sort is paid once in many insertions.
                for (key, entry) in state.entries.sorted(by: { $0.value.used < $1.value.used }) {
                    guard state.cost > budget / 4 * 3 else { break }
                    state.entries[key] = nil
                    state.cost -= entry.cost
                }
            }
        }
    }

    /// What the remembered values cost together.
    var totalCost: Int { state.withLock { $0.cost } }
}

import Synchronization

/// A bounded dictionary that forgets what was not used for longest.
final class RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        var used: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var clock: UInt64 = 0
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// Remembers up to `capacity` values.
    init(capacity: Int) { self.capacity = max(4, capacity) }

    subscript(key: Key) -> Value? {
        get {
            state.withLock { state in
                state.clock += 1
                state.entries[key]?.used = state.clock
                return state.entries[key]?.value
            }
        }
        set {
            state.withLock { state in
                state.clock += 1
                state.entries[key] = newValue.map { Entry(value: $0, used: state.clock) }
                guard state.entries.count > capacity else { return }
                // A quarter at a time, so that the sort is paid once in many insertions.
                let oldest = state.entries.sorted { $0.value.used < $1.value.used }.prefix(capacity / 4 + 1)
                for (key, _) in oldest { state.entries[key] = nil }
            }
        }
    }

    /// How many values are remembered.
    var count: Int { state.withLock { $0.entries.count } }
}

/// A dictionary of bounded size that forgets what was not used for longest. All operations take constant time.
public struct RecencyMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Node {
        var key: Key
        var value: Value
        var newer: Int
        var older: Int
    }

    private static var none: Int { -1 }

    /// How many keys it holds at most.
    public let capacity: Int
    private var nodes: [Node] = []
    private var free: [Int] = []
    private var index: [Key: Int] = [:]
    private var newest = -1
    private var oldest = -1

    /// An empty one.
    public init(capacity: Int) { self.capacity = max(1, capacity) }

    /// How many keys it holds.
    public var count: Int { index.count }

    /// Looks without counting as use.
    public func peek(_ key: Key) -> Value? { index[key].map { nodes[$0].value } }

    /// Whether a key is there. Does not count as use.
    public func contains(_ key: Key) -> Bool { index[key] != nil }

    /// Everything, most recently used first.
    public var entries: [(key: Key, value: Value)] {
        var result: [(key: Key, value: Value)] = []
        var position = newest
        while position != Self.none {
            result.append((nodes[position].key, nodes[position].value))
            position = nodes[position].older
        }
        return result
    }

    /// Changes the value of a key in place, if it is there. Does not count as use.
    public mutating func updateInPlace<Outcome>(_ key: Key, _ change: (inout Value) -> Outcome) -> Outcome? {
        index[key].map { change(&nodes[$0].value) }
    }

    /// Changes every value in place, the most recently used first. Does not count as use.
    public mutating func updateAll(_ change: (Key, inout Value) -> Void) {
        var position = newest
        while position != Self.none {
            change(nodes[position].key, &nodes[position].value)
            position = nodes[position].older
        }
    }

    /// Changes the value of a key in place, making it first if it is not there, and counts as use.
    public mutating func update<Outcome>(
        _ key: Key, default make: @autoclosure () -> Value, _ change: (inout Value) -> Outcome
    ) -> Outcome {
        if let position = index[key] {
            if position != newest {
                unlink(position)
                pushNewest(position)
            }
            return change(&nodes[position].value)
        }
        let node = Node(key: key, value: make(), newer: Self.none, older: Self.none)
        let position: Int
        if index.count >= capacity {
            // The oldest one's place is taken over as it is: in a flood this happens for every message.
            position = oldest
            index[nodes[position].key] = nil
            unlink(position)
            nodes[position] = node
        } else if let reused = free.popLast() {
            position = reused
            nodes[position] = node
        } else {
            position = nodes.count
            nodes.append(node)
        }
        index[key] = position
        pushNewest(position)
        return change(&nodes[position].value)
    }

    /// Forgets a key, and gives its value.
    @discardableResult
    public mutating func remove(_ key: Key) -> Value? {
        guard let position = index.removeValue(forKey: key) else { return nil }
        unlink(position)
        free.append(position)
        return nodes[position].value
    }

    private mutating func unlink(_ position: Int) {
        let (newer, older) = (nodes[position].newer, nodes[position].older)
        if newer == Self.none { newest = older } else { nodes[newer].older = older }
        if older == Self.none { oldest = newer } else { nodes[older].newer = newer }
    }

    private mutating func pushNewest(_ position: Int) {
        nodes[position].newer = Self.none
        nodes[position].older = newest
        if newest != Self.none { nodes[newest].newer = position }
        newest = position
        if oldest == Self.none { oldest = position }
    }
}

import NetworkTypes

/// Machines and their boots, in bounded memory. Machines that somebody expects and strangers have room of their own, so that no
/// number of strangers drives out a machine that is expected. In either room the one not heard of for longest goes first.
struct MachineTable: Sendable {
    struct Machine: Sendable {
        var address: IPv4Address?
        var architecture: String?
        var stories: [BootStory] = []
        /// Whether it has changed since its record was taken.
        var isChanged = false
        /// When it was heard of last, as a number that grows.
        fileprivate(set) var heard: UInt64 = 0
    }

    private var expected: RecencyMap<MACAddress, Machine>
    private var strangers: RecencyMap<MACAddress, Machine>
    private var clock: UInt64 = 0

    /// - Parameter capacity: How many machines there may be in each room.
    init(capacity: Int) {
        expected = RecencyMap(capacity: capacity)
        strangers = RecencyMap(capacity: capacity)
    }

    func peek(_ mac: MACAddress) -> Machine? { expected.peek(mac) ?? strangers.peek(mac) }

    /// Changes a machine in place, making it first if it is not there, and counts as hearing of it. Whoever was expected once
    /// keeps its room.
    mutating func update<Outcome>(
        _ mac: MACAddress, isExpected: Bool, _ change: (inout Machine) -> Outcome
    ) -> Outcome {
        clock &+= 1
        let now = clock
        func hear(_ machine: inout Machine) -> Outcome {
            machine.heard = now
            return change(&machine)
        }
        if isExpected || expected.contains(mac) {
            let known = expected.contains(mac) ? nil : strangers.remove(mac)
            return expected.update(mac, default: known ?? Machine(), hear)
        }
        return strangers.update(mac, default: Machine(), hear)
    }

    /// Changes a machine in place, if it is there. Does not count as hearing of it.
    mutating func updateInPlace<Outcome>(_ mac: MACAddress, _ change: (inout Machine) -> Outcome) -> Outcome? {
        expected.contains(mac) ? expected.updateInPlace(mac, change) : strangers.updateInPlace(mac, change)
    }

    /// Changes every machine in place, those expected first, and of either kind the one heard of last first.
    mutating func updateAll(_ change: (MACAddress, inout Machine) -> Void) {
        expected.updateAll(change)
        strangers.updateAll(change)
    }

    /// Every machine, the one heard of last first.
    var entries: [(key: MACAddress, value: Machine)] {
        (expected.entries + strangers.entries).sorted { $0.value.heard > $1.value.heard }
    }
}

import Foundation
import Logging
import NetworkTypes
import Synchronization

/// Each machine's boots, as stories of steps with durations, in bounded memory.
///
/// Every new step is logged at info; a step that repeats within its boot is counted only.
public final class BootTimeline: BootObserver {
    /// How much is kept.
    public struct Limits: Sendable {
        /// Machines that are expected, and as many that are not; of either the one not heard of for longest is forgotten first.
        /// The default is 4096.
        public var machines: Int
        /// Boots of one machine. The default is 4.
        public var boots: Int
        /// Steps of one boot. The default is 32.
        public var events: Int
        /// Addresses whose machine is known. The default is 16384.
        public var addresses: Int
        /// Bytes of a step's detail. The default is 256.
        public var detail: Int
        /// After how long without a step the next one begins a new boot. The default is 15 minutes.
        public var quiet: Duration
        /// Lines logged in a second at most, so that forged addresses cannot flood the log. The default is 1000.
        public var linesPerSecond: Int

        /// Limits.
        public init(
            machines: Int = 4096, boots: Int = 4, events: Int = 32, addresses: Int = 16_384, detail: Int = 256,
            quiet: Duration = .seconds(900), linesPerSecond: Int = 1000
        ) {
            self.machines = machines
            self.boots = boots
            self.events = events
            self.addresses = addresses
            self.detail = detail
            self.quiet = quiet
            self.linesPerSecond = linesPerSecond
        }

        /// A detail that is not too long. By bytes: one character may be as long as whoever sent it likes. A character that is cut
        /// becomes U+FFFD.
        func cut(_ detail: String) -> String {
            guard detail.utf8.count > self.detail else { return detail }
            return String(decoding: detail.utf8.prefix(max(0, self.detail - 3)), as: UTF8.self)
        }
    }

    /// Where the time comes from.
    public struct TimeSource: Sendable {
        /// The date, for people.
        public var date: @Sendable () -> Date
        /// A time that never jumps, for durations.
        public var monotonic: @Sendable () -> Duration

        /// A source of time.
        public init(date: @escaping @Sendable () -> Date, monotonic: @escaping @Sendable () -> Duration) {
            self.date = date
            self.monotonic = monotonic
        }

        /// The host's clocks.
        public static var system: TimeSource {
            let origin = ContinuousClock.now
            return TimeSource(date: { Date() }, monotonic: { origin.duration(to: .now) })
        }
    }

    fileprivate struct State: Sendable {
        var machines: MachineTable
        var addresses: RecencyMap<IPv4Address, MACAddress>
        var second: Int64 = -1
        var lines = 0
        var suppressed = 0
    }

    fileprivate enum Line {
        case none, step(Duration), suppressed(Int, Duration)
    }

    private let limits: Limits
    private let time: TimeSource
    private let logger: Logger
    private let isExpected: @Sendable (MACAddress) -> Bool
    private let state: Mutex<State>

    /// An empty timeline.
    ///
    /// - Parameter isExpected: Whether somebody has named a machine, by its address. Asked for each step, so it must answer at once.
    public init(
        limits: Limits = Limits(), time: TimeSource = .system, logger: Logger,
        isExpected: @escaping @Sendable (MACAddress) -> Bool = { _ in false }
    ) {
        self.isExpected = isExpected
        self.limits = limits
        self.time = time
        self.logger = logger
        state = Mutex(
            State(
                machines: MachineTable(capacity: limits.machines), addresses: RecencyMap(capacity: limits.addresses)))
    }

    public func record(_ event: BootEvent) {
        let now = time.monotonic()
        var event = event
        event.detail = limits.cut(event.detail)
        let isExpected = isExpected(event.mac)
        let line = state.withLock { state -> Line in
            let elapsed = state.machines.update(event.mac, isExpected: isExpected) { machine -> Duration? in
                if machine.stories.first?.isOver(for: event, at: now, quiet: limits.quiet) ?? true {
                    machine.stories.insert(BootStory(started: time.date(), at: now), at: 0)
                    if machine.stories.count > limits.boots { machine.stories.removeLast() }
                }
                machine.architecture = event.architecture ?? machine.architecture
                machine.isChanged = true
                return machine.stories[0].add(event, at: now, limit: limits.events)
            }
            if let address = event.address { state.learn(address, of: event.mac) }
            guard let elapsed else { return .none }
            return state.admitLine(at: now, elapsed: elapsed, limit: limits.linesPerSecond)
        }
        switch line {
        case .none: break
        case .suppressed(let count, let elapsed):
            logger.warning("too many boot steps to log", metadata: ["boot.suppressed": "\(count)"])
            log(event, elapsed)
        case .step(let elapsed): log(event, elapsed)
        }
    }

    /// Notes on every story that has stopped that it has, once, with the sentence that `explain` makes of it. Call it now and
    /// then.
    public func noteStalls(_ explain: (StalledBoot) -> String) {
        let now = time.monotonic()
        // Sentences are made outside the lock: who makes them may ask others.
        var stalled: [StalledBoot] = []
        state.withLock { state in
            state.machines.updateAll { mac, machine in
                guard let place = machine.stories.first?.stall(at: now) else { return }
                stalled.append(StalledBoot(mac: mac, place: place))
            }
        }
        for boot in stalled {
            let sentence = explain(boot)
            let isNew = state.withLock { state in
                // It may have gone on, or been forgotten, since.
                let isNew = state.machines.updateInPlace(boot.mac) { machine in
                    guard machine.stories.first?.stall(at: now) == boot.place else { return false }
                    machine.isChanged = true
                    return machine.stories[0].noteStall(sentence, at: now, limit: limits.events)
                }
                guard isNew == true else { return false }
                if case .none = state.admitLine(at: now, elapsed: .zero, limit: limits.linesPerSecond) { return false }
                return true
            }
            guard isNew else { continue }
            logger.notice(
                "boot stopped", metadata: ["boot.detail": "\(sentence)", "machine.mac": "\(boot.mac)"])
        }
    }

    private func log(_ event: BootEvent, _ elapsed: Duration) {
        var metadata: Logger.Metadata = [
            "boot.stage": "\(event.stage.rawValue)", "boot.detail": "\(event.detail)",
            "boot.after": "\(elapsed.inSeconds)", "machine.mac": "\(event.mac)",
        ]
        if let address = event.address { metadata["machine.address"] = "\(address)" }
        logger.info("boot step", metadata: metadata)
    }

    public func learned(_ address: IPv4Address, of mac: MACAddress) {
        state.withLock { $0.learn(address, of: mac) }
    }

    public func machine(at address: IPv4Address) -> MACAddress? {
        state.withLock { $0.addresses.peek(address) }
    }

    /// Whether a machine has asked how to boot, and is not forgotten: whoever has only fetched what machines fetch has not.
    public func hasAskedToBoot(_ mac: MACAddress) -> Bool {
        let machine = state.withLock { $0.machines.peek(mac) }
        return machine?.stories.contains(where: \.hasAskedToBoot) ?? false
    }

    /// One machine's boots, or nil if it was never seen or is forgotten.
    public func snapshot(of mac: MACAddress) -> MachineSnapshot? {
        let machine = state.withLock { $0.machines.peek(mac) }
        return machine.flatMap { Self.snapshot(of: mac, $0) }
    }

    /// Every machine of which something is known, the one heard of last first.
    public func machines() -> [MACAddress] { state.withLock { $0.machines.entries.map(\.key) } }

    /// Every machine's boots, the one heard of last first.
    public func snapshots() -> [MachineSnapshot] {
        state.withLock { $0.machines.entries }.compactMap { Self.snapshot(of: $0.key, $0.value) }
    }

    // MARK: - Records

    /// The records of machines, in the order in which they were heard of.
    ///
    /// - Parameters:
    ///   - onlyChanged: Whether only those are given that have changed since their records were taken.
    ///   - limit: About how many bytes of text they may have. Of those that are expected first, and of those heard of last, as many
    ///     are given as fit; the others are given when they are asked for again.
    public func takeRecords(onlyChanged: Bool, limit: Int) -> [MachineRecord] {
        var taken: [(mac: MACAddress, machine: MachineTable.Machine)] = []
        // Only what is cheap is done with the timeline locked.
        state.withLock { state in
            var room = limit
            state.machines.updateAll { mac, machine in
                guard room > 0, machine.isChanged || !onlyChanged, !machine.stories.isEmpty else { return }
                room -= machine.stories.reduce(128) { $0 + $1.recordSize }
                guard room >= 0 else { return }
                machine.isChanged = false
                taken.append((mac, machine))
            }
        }
        return taken.sorted { $0.machine.heard < $1.machine.heard }.map { mac, machine in
            MachineRecord(
                mac: mac.description, address: machine.address?.description, architecture: machine.architecture,
                boots: machine.stories.map(\.record))
        }
    }

    /// Takes over records, of which the later ones count. They may have been written by anybody: what is no machine's is left out,
    /// and everything keeps to the limits.
    public func restore(_ records: some Sequence<MachineRecord>) {
        let (now, date) = (time.monotonic(), time.date())
        for record in records {
            guard let mac = MACAddress(parsing: record.mac), !record.boots.isEmpty else { continue }
            let stories = record.boots.prefix(limits.boots).map {
                BootStory($0, date: date, at: now, limits: limits)
            }
            let isExpected = isExpected(mac)
            state.withLock { state in
                state.machines.update(mac, isExpected: isExpected) { machine in
                    machine.stories = stories
                    // Whose address it is now nobody knows; it is shown only.
                    machine.address = record.address.flatMap { IPv4Address(parsing: $0) }
                    machine.architecture = record.architecture.map {
                        String(decoding: $0.utf8.prefix(32), as: UTF8.self)
                    }
                }
            }
        }
    }

    private static func snapshot(of mac: MACAddress, _ machine: MachineTable.Machine) -> MachineSnapshot? {
        guard let latest = machine.stories.first else { return nil }
        return MachineSnapshot(
            mac: mac.description, address: machine.address?.description, architecture: machine.architecture,
            stage: latest.reached,
            boots: machine.stories.map(\.snapshot))
    }
}

extension BootTimeline.State {
    /// Notes whose address this is. Only a machine that has asked to boot has it shown in its own record.
    fileprivate mutating func learn(_ address: IPv4Address, of mac: MACAddress) {
        guard address != .any, address != .broadcast else { return }
        addresses.update(address, default: mac) { $0 = mac }
        guard let machine = machines.peek(mac), machine.address != address else { return }
        if let old = machine.address, addresses.peek(old) == mac { addresses.remove(old) }
        machines.update(mac, isExpected: false) { machine in
            machine.address = address
            machine.isChanged = true
        }
    }

    /// Whether this second has a line left.
    fileprivate mutating func admitLine(at now: Duration, elapsed: Duration, limit: Int) -> BootTimeline.Line {
        let current = now.components.seconds
        if current != second {
            let missed = suppressed
            (second, lines, suppressed) = (current, 1, 0)
            return missed > 0 ? .suppressed(missed, elapsed) : .step(elapsed)
        }
        guard lines < limit else {
            suppressed += 1
            return .none
        }
        lines += 1
        return .step(elapsed)
    }
}

import Logging
import Netboot
import NetworkTypes
import Synchronization

/// What other servers' offers do to this server's machines: a few servers, the last heard of, each said once in the log.
///
/// Anybody on a network can forge offers of any number of servers, so both what is kept and what is logged has a bound in all.
final class OtherServers: Sendable {
    private struct Entry: Sendable {
        var advice: OfferAdvice
        var heard: ContinuousClock.Instant
        var isLogged = false
    }

    private struct State: Sendable {
        /// The one heard of last stands last.
        var entries: [Entry] = []
        var lines = 0
        var hour: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    static let capacity = 32
    /// For how long an offer counts: a server that was set right is no problem any more.
    static let lifetime = Duration.seconds(3600)
    static let linesPerHour = 64

    /// Notes what was heard.
    /// - Returns: Whether it is to be logged.
    func note(_ advice: OfferAdvice, at now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            // A file name that changes with each offer is still the same fault of the same server.
            var entry: Entry
            if let index = state.entries.firstIndex(where: { $0.advice.isOfSameKind(as: advice) }) {
                entry = state.entries.remove(at: index)
                if now - entry.heard > Self.lifetime { entry.isLogged = false }
            } else {
                if state.entries.count >= Self.capacity { state.entries.removeFirst() }
                entry = Entry(advice: advice, heard: now)
            }
            entry.advice = advice
            entry.heard = now
            defer { state.entries.append(entry) }
            guard !entry.isLogged else { return false }
            if state.hour.map({ now - $0 > .seconds(3600) }) ?? true { (state.hour, state.lines) = (now, 0) }
            guard state.lines < Self.linesPerHour else { return false }
            state.lines += 1
            entry.isLogged = true
            return true
        }
    }

    /// What holds now.
    func advice(at now: ContinuousClock.Instant) -> [OfferAdvice] {
        state.withLock { $0.entries }.filter { now - $0.heard <= Self.lifetime }.map(\.advice)
    }
}

/// The machines that were answered lately, so that other servers' offers to them can be told from those to phones and laptops.
/// A table of fixed size in which a later machine takes an earlier one's place.
final class AnsweredMachines: Sendable {
    private struct Entry: Sendable {
        var machine: MACAddress
        var transaction: UInt32
        var firmware: BootClient.Firmware
        var remarks: UInt8 = 0
    }

    private let entries = Mutex([Entry?](repeating: nil, count: size))

    private static let size = 4096
    /// A flood of forged offers must not fill a machine's story.
    private static let mostRemarks = 4

    private static func place(_ machine: MACAddress, _ transaction: UInt32) -> Int {
        Int(truncatingIfNeeded: (machine.value ^ UInt64(transaction) &* 0x9e37_79b9_7f4a_7c15) >> 16) & (size - 1)
    }

    /// Notes that a machine was answered.
    func note(_ machine: MACAddress, transaction: UInt32, firmware: BootClient.Firmware) {
        let entry = Entry(machine: machine, transaction: transaction, firmware: firmware)
        entries.withLock { entries in
            let place = Self.place(machine, transaction)
            // A machine asks more than once with one number.
            if let old = entries[place], old.machine == machine, old.transaction == transaction { return }
            entries[place] = entry
        }
    }

    /// What a machine is that was answered in this transaction; nil if it was not, or enough was remarked on it.
    func remark(_ machine: MACAddress, transaction: UInt32) -> BootClient.Firmware? {
        entries.withLock { entries in
            let place = Self.place(machine, transaction)
            guard var entry = entries[place], entry.machine == machine, entry.transaction == transaction,
                entry.remarks < Self.mostRemarks
            else { return nil }
            entry.remarks += 1
            entries[place] = entry
            return entry.firmware
        }
    }
}

import NetworkTypes
import Schematics
import TalosModel

/// A machines file as it was read: who boots what. It never changes; a changed file is a new object. A
/// reference, because each message that comes in looks into it.
public final class MachinesFile: Sendable {
    /// The file's path, as it was given.
    public let path: String
    /// The machines in the order of the file.
    public let machines: [MachineMatch]
    /// What happens to machines that the file does not mention.
    public let unknown: UnknownMachinePolicy
    /// What an unknown machine boots where ``unknown`` is ``UnknownMachinePolicy/default``; nil otherwise.
    public let unknownMatch: MachineMatch?
    /// The schematics that the file holds or names, without those known by ID only, in the order of their IDs. Whoever
    /// serves their assets has to know them.
    public let schematics: [Schematic]
    /// The files that this one names, as paths.
    public let referencedFiles: [String]

    /// What the files that it names said, where it is one that was kept.
    let kept: [String: [UInt8]]?

    private let index: MachineIndex
    /// The machine of each of the index's criteria.
    private let owners: [Int]

    init(
        path: String, machines: [MachineMatch], criteria: [MachineCriteria], owners: [Int],
        unknown: UnknownMachinePolicy,
        unknownMatch: MachineMatch?, schematics: [Schematic], referencedFiles: [String]
    ) {
        self.path = path
        self.machines = machines
        self.unknown = unknown
        self.unknownMatch = unknownMatch
        self.schematics = schematics
        self.referencedFiles = referencedFiles
        self.owners = owners
        index = MachineIndex(criteria)
        kept = nil
    }

    /// A file with what the files that it names said when it was kept.
    init(_ file: MachinesFile, kept: [String: [UInt8]]) {
        path = file.path
        machines = file.machines
        unknown = file.unknown
        unknownMatch = file.unknownMatch
        schematics = file.schematics
        referencedFiles = file.referencedFiles
        owners = file.owners
        index = file.index
        self.kept = kept
    }

    /// Reads a file whole.
    ///
    /// - Throws: Every problem at once, those in files that it names too.
    public static func load(_ path: String) throws(MachinesFileError) -> MachinesFile {
        try MachinesFileReader.load(path).result.get()
    }

    /// Reads a text as the file at `path` would be read. The files that it names are read.
    public static func parse(_ text: [UInt8], path: String) throws(MachinesFileError) -> MachinesFile {
        try MachinesFileReader.load(path, text: text).result.get()
    }

    /// What a machine boots: the most specific entry that matches it, or what unknown machines boot. nil when it is
    /// unknown and gets nothing; ``unknown`` says how.
    ///
    /// The time this takes does not depend on the number of machines.
    public func assignment(for machine: MachineIdentity) -> MachineMatch? {
        index.find(machine).map { machines[owners[$0]] } ?? unknownMatch
    }

    /// Whether an entry of the file matches a machine, and not only what unknown machines boot.
    public func names(_ machine: MachineIdentity) -> Bool { index.find(machine) != nil }

    /// Whether what a machine boots may change when it tells more about itself. DHCP does not carry serial numbers, so
    /// a machine that is known by its own must be let through to its first script.
    public func needsMore(about machine: MachineIdentity) -> Bool { index.needsMore(about: machine) }
}

/// An assignment, and the entry of the machines file it comes from.
public struct MachineMatch: Hashable, Sendable {
    /// What the machine boots.
    public var assignment: Assignment
    /// The entry's name, as in "machine 'cp-1'" or "unknown machines".
    public var rule: String
    /// What the entry matches, as in "mac 52:54:00:12:34:56, arch amd64"; several addresses are joined by "or".
    public var criteria: String
    /// The addresses that the entry names whole.
    public var addresses: [MACAddress]
    /// The architecture that the entry asks for, if it does.
    public var architecture: Architecture?
    /// The serial number that the entry asks for, if it does.
    public var serial: String?
    /// The file of the entry.
    public var file: String
    /// The line of the entry, from 1.
    public var line: Int
    /// The column of the entry, from 1.
    public var column: Int
    /// The UUID that the entry asks for, if it does.
    public var uuid: SystemUUID?
    /// The addresses under the entry's `mac`: the interfaces of one machine. Those under `match` may be many machines'.
    public var interfaces: [MACAddress] = []
}

extension MachineMatch: CustomStringConvertible {
    /// The entry and its place, for people.
    public var description: String { "\(rule) (\(criteria)) at \(file):\(line):\(column)" }
}

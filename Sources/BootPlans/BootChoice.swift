import ImageFactory
import Machines
import Schematics
import TalosModel

/// Everything in an assignment that decides which release and which command line its machines get, apart from what each machine
/// adds. A rack of machines shares a few of them.
public struct BootChoice: Hashable, Sendable {
    /// The schematic.
    public var schematic: SchematicID
    /// The version as the machines file has it.
    public var version: VersionSelector
    /// The Talos platform.
    public var platform: String
    /// The processor architecture.
    public var architecture: Architecture
    /// Whether Secure Boot is asked for.
    public var secureBoot: Bool

    /// The choice of an assignment for machines of an architecture.
    ///
    /// - Throws: ``BootProblem`` when the assignment names no schematic or no version.
    public init(_ assignment: Assignment, for architecture: Architecture) throws(BootProblem) {
        guard let schematic = assignment.schematic, let version = assignment.version else { throw .incomplete }
        self.schematic = schematic.id
        self.version = version
        platform = assignment.platform
        self.architecture = architecture
        secureBoot = assignment.secureBoot
    }

    /// The architecture of a machine that did not tell it. Whatever boots without an iPXE of ours is of this one.
    public static let usualArchitecture = Architecture.amd64
}

/// A schematic that was looked for.
public typealias SchematicFinding = Result<Schematic, BootProblem>

extension SchematicChoice {
    /// The schematic itself, from the machines file or from a store. Blocks.
    public func find(in records: SchematicRecords) -> SchematicFinding {
        if let schematic = given { return .success(schematic) }
        do throws(FactoryError) {
            guard let found = try records.schematic(id) else { return .failure(.noSchematic(id)) }
            return .success(found)
        } catch {
            return .failure(BootProblem(error, schematic: id))
        }
    }
}

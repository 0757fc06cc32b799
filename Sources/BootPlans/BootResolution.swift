import IPXE
import Imaging
import Machines
import Schematics
import TalosModel

/// What the machines of one choice have in common: the release that they get, its command line, and everything that is in the way
/// of booting it.
///
/// A function of values: whoever has the same facts gets the same answer, be it for a machine that asks or for one that is only
/// checked.
public struct BootResolution: Sendable {
    /// What all of them suffer from, all of it.
    public let problems: [BootProblem]
    /// The exact version that is meant; nil if there is none.
    public let version: TalosVersion?
    fileprivate let basis: Basis?

    /// Known even where something is in the way, so that what else is wrong is told at once.
    fileprivate struct Basis: Sendable {
        let schematic: Schematic
        let version: TalosVersion
        let target: AssetPath
        let names: BootNames
        let commandLine: KernelCommandLine
        /// The command line as text, for the many machines that add nothing to it.
        let text: String
        let textProblem: BootProblem?
    }

    /// Resolves a choice.
    ///
    /// - Parameters:
    ///   - schematic: What looking for the choice's schematic has given.
    ///   - releases: The releases that there are.
    public init(of choice: BootChoice, schematic: SchematicFinding, among releases: some ReleaseFacts) {
        var problems: [BootProblem] = choice.secureBoot ? [.secureBoot] : []
        var basis: Basis?
        let versions = releases.versions
        let version = choice.version.resolve(among: versions)
        if version == nil { problems.append(.noRelease(for: choice.version, among: versions)) }
        switch schematic {
        case .failure(let problem): problems.append(problem)
        case .success(let schematic):
            guard let version else { break }
            problems += releases.obstacles(to: schematic, of: version, on: choice.architecture).map {
                BootProblem(.release, $0)
            }
            do { basis = try Basis(choice, schematic, version) } catch {
                problems.append(Self.problem(error))
            }
        }
        self.problems = problems
        self.version = version
        self.basis = basis
    }

    /// What one of the machines boots.
    ///
    /// - Parameters:
    ///   - assignment: The machine's own, with arguments and configuration.
    ///   - baseURL: This server's URL as the machine reaches it.
    public func assets(
        of assignment: Assignment, for machine: MachineIdentity, baseURL: String
    ) -> Result<BootAssets, BootProblems> {
        guard let basis else { return .failure(BootProblems(problems)) }
        var text = basis.text
        var own = basis.textProblem
        if !assignment.arguments.isEmpty || assignment.configuration != nil {
            var line = basis.commandLine
            line.extend(assignment.arguments)
            if assignment.configuration != nil {
                line.set("talos.config", [machine.configurationURL(base: baseURL)])
            }
            text = line.description
            own = Self.problem(ofCommandLine: text)
        }
        let all = problems + [own].compactMap(\.self)
        guard all.isEmpty else { return .failure(BootProblems(all)) }
        return .success(
            BootAssets(
                schematic: basis.schematic, version: basis.version, target: basis.target, commandLine: text,
                names: basis.names))
    }

    private static func problem(_ error: any Error) -> BootProblem {
        error is KernelCommandLineError
            ? BootProblem(.commandLine, "\(error)")
            : BootProblem(.host, "the kernel command line cannot be assembled", cause: error)
    }

    /// Why no machine can be given a command line; nil if it can. iPXE would cut or change it without a word.
    fileprivate static func problem(ofCommandLine text: String) -> BootProblem? {
        do throws(ScriptError) {
            try MachineScript.check(commandLine: text)
            let bytes = text.utf8.count
            guard bytes <= MachineScript.commandLineLimit else {
                throw .commandLineTooLong(bytes: bytes, limit: MachineScript.commandLineLimit)
            }
            return nil
        } catch {
            return BootProblem(.commandLine, "\(error)")
        }
    }
}

extension BootResolution.Basis {
    fileprivate init(_ choice: BootChoice, _ schematic: Schematic, _ version: TalosVersion) throws {
        let target = AssetPath(
            .kernel, platform: choice.platform, architecture: choice.architecture, secureBoot: choice.secureBoot)
        let line = try schematic.commandLine(of: target, version: version)
        let text = line.description
        self.init(
            schematic: schematic, version: version, target: target,
            names: BootNames(schematic: schematic.id, version: version, target: target), commandLine: line, text: text,
            textProblem: BootResolution.problem(ofCommandLine: text))
    }
}

/// Everything that keeps a machine from booting what it is assigned; never empty.
public struct BootProblems: Error, Sendable {
    /// The problems.
    public var all: [BootProblem]

    init(_ all: [BootProblem]) { self.all = all }
}

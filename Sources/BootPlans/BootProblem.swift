import ImageFactory
import Schematics
import TalosModel

/// Something that keeps a machine from booting what it is assigned.
public struct BootProblem: Error, Hashable, Sendable {
    /// What kind of problem it is, for decisions.
    public enum Code: Hashable, Sendable {
        /// The assignment names no schematic or no version.
        case incomplete
        /// Secure Boot is asked for.
        case secureBoot
        /// No release in the store is meant by the version.
        case version
        /// The schematic is not known, or cannot be read.
        case schematic
        /// The release lacks what the schematic needs on this architecture.
        case release
        /// The command line cannot be made, or no machine could be given it.
        case commandLine
        /// Too much is asked of this host at the moment.
        case busy
        /// This host cannot read or write what it needs.
        case host
    }

    /// What kind it is.
    public var code: Code
    /// A sentence with the remedy, which strangers may read: it names no path of this host.
    public var message: String
    /// What lies beneath, for the operator; nil if there is no more to say.
    public var cause: String?

    /// A problem.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause.map { "\($0)" }
    }
}

extension BootProblem: CustomStringConvertible {
    /// Message and cause.
    public var description: String { cause.map { "\(message): \($0)" } ?? message }
}

extension BootProblem {
    /// The assignment lacks what every network boot needs.
    public static let incomplete = BootProblem(
        .incomplete, "it has no schematic or no version; add them to it or to 'defaults'")

    static let secureBoot = BootProblem(
        .secureBoot, "secureboot: true needs a signed UKI, which this version of Slipway does not make yet; remove it")

    /// No version that there is is meant.
    static func noRelease(for selector: VersionSelector, among versions: [TalosVersion]) -> BootProblem {
        guard !versions.isEmpty else {
            return BootProblem(
                .version,
                "Talos \(selector) is not in the store, and no other is; 'slipway release import' brings one in")
        }
        // The newest are most likely meant.
        let shown = versions.suffix(12).map(\.tag).joined(separator: ", ")
        let others = versions.count > 12 ? " and \(versions.count - 12) older ones" : ""
        return BootProblem(
            .version, "Talos \(selector) is not in the store; import it, or choose one of: \(shown)\(others)")
    }

    static func noSchematic(_ id: SchematicID) -> BootProblem {
        BootProblem(.schematic, "the schematic \(id) is not in the store; post it, or write it into the machines file")
    }

    /// What was thrown while a schematic was looked for or kept.
    init(_ error: any Error, schematic id: SchematicID) {
        switch error {
        case let problem as BootProblem: self = problem
        case let error as FactoryError where error.code == .schematicNotFound: self = .noSchematic(id)
        case let error as FactoryError:
            self.init(error.problemCode, error.message, cause: error.cause)
        default: self.init(.host, "the schematic \(id) cannot be read; this server's log says why", cause: error)
        }
    }
}

extension FactoryError {
    fileprivate var problemCode: BootProblem.Code {
        switch code {
        case .busy: .busy
        case .storage: .host
        default: .schematic
        }
    }
}

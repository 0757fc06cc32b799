import IPXE
import Machines
import NetworkTypes

/// What a machine is to do now, and why.
public struct BootPlan: Sendable {
    /// The machine's name, or its MAC address.
    public var machine: String
    /// What it is told.
    public var payload: BootPayload
    /// Why, in a sentence that strangers may read; it names the rule.
    public var reason: String
    /// The entry of the machines file that it gets; nil if none matches.
    public var match: MachineMatch?

    /// The iPXE script that tells the machine its plan.
    ///
    /// - Throws: `ScriptError` when this host's own URL cannot stand in a script.
    public func script(from origin: ScriptOrigin) throws(ScriptError) -> String {
        try payload.script(for: machine, because: reason, from: origin)
    }
}

extension BootPlan {
    /// The plan of a machine that no entry matches.
    init(unmatched machine: MachineIdentity, in rules: MachineRules) {
        self.init(
            machine: machine.mac.description, payload: rules.unknown == .wait ? .wait : .ignore,
            reason: rules.reason(forUnknown: machine.mac))
    }

    /// The plan of a machine that does not boot from the network now; nil if it does.
    init?(withoutNetwork match: MachineMatch, for machine: MachineIdentity, in state: MachineState) {
        let reason: String
        switch match.assignment.boot {
        case .local: reason = "\(match.rule) says boot: local"
        case .once where state.hasBooted: reason = "\(match.rule) says boot: once, and it has been given its image"
        case .once, .always: return nil
        }
        self.init(match, for: machine, .localDisk, reason)
    }

    /// The plan of a machine that boots from the network.
    init(_ match: MachineMatch, for machine: MachineIdentity, _ assets: Result<BootAssets, BootProblems>) {
        switch assets {
        case .success(let assets):
            self.init(match, for: machine, .talos(assets), "\(match.rule): \(assets.names.summary)")
        case .failure(let problems): self.init(match, for: machine, problems)
        }
    }

    /// The plan of a machine that cannot have what it is assigned. When that is only because this host is busy, it is to ask again.
    init(_ match: MachineMatch, for machine: MachineIdentity, _ problems: BootProblems) {
        let isBusy = problems.all.allSatisfy { $0.code == .busy }
        // A console has not many lines.
        let sentences = problems.all.prefix(3).map(\.message).joined(separator: "; ")
        self.init(
            match, for: machine, isBusy ? .wait : .refuse(problems.all), "\(match.rule): \(sentences)")
    }

    private init(_ match: MachineMatch, for machine: MachineIdentity, _ payload: BootPayload, _ reason: String) {
        self.init(
            machine: match.assignment.name ?? machine.mac.description, payload: payload, reason: reason, match: match)
    }
}

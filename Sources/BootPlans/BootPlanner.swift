import ImageFactory
import Logging
import Machines
import Netboot
import NetworkTypes
import Releases
import Schematics
import TalosModel
import Timelines
import Workers

/// Finds what a decision about a machine needs, and keeps what follows from one: the machines file says which schematic and
/// version, the store which exact release, and what is known of the machine whether it boots from the network at all.
///
/// DHCP, the boot script, the configuration and `explain` all ask here, so that none of them lets a machine through that
/// another would not. Asking changes nothing; ``handOut(_:to:at:)`` does.
public final class BootPlanner: Sendable {
    /// What is remembered of machines.
    public let states: MachineStates
    private let factory: Factory
    private let machines: MachineDirectory?
    private let logger: Logger
    private let resolutions = ResolutionCache()
    /// Threads of its own, so that machines boot whatever strangers ask of the factory.
    private let storage = BlockingWork(width: 4, capacity: 4096) { load in
        BootProblem(.busy, "\(load.waiting) machines are waiting for their plans; ask again in a moment")
    }

    /// A planner.
    ///
    /// - Parameter machines: The machines file; without one, every machine is left alone.
    public init(
        factory: Factory, machines: MachineDirectory?, states: MachineStates, logger: Logger
    ) {
        self.factory = factory
        self.machines = machines
        self.states = states
        self.logger = logger
    }

    private var rules: MachineRules { MachineRules(machines) }

    /// The entry of the machines file that a machine gets.
    public func match(for machine: MachineIdentity) -> MachineMatch? { rules.match(for: machine) }

    /// Whether an entry of the machines file matches a machine, and not only what unknown machines boot.
    public func knows(_ machine: MachineIdentity) -> Bool { rules.names(machine) }

    /// Whether a machine that boots from here is at an address, or may be: one that is awaited there, has asked how to boot, or is
    /// named.
    ///
    /// - Parameter machine: Whose address it is; nil if nobody knows.
    public func boots(_ machine: MACAddress?, at address: IPv4Address) -> Bool {
        if states.awaited.isAwaited(at: address) { return true }
        guard let machine else { return false }
        return states.timeline.hasAskedToBoot(machine) || knows(MachineIdentity(mac: machine))
    }

    /// Whether a machine that asks by DHCP may boot, by what DHCP tells of it. Never waits.
    public func verdict(on client: BootClient) -> BootVerdict { rules.verdict(on: client) }

    /// What a machine is to do now. Nothing changes by asking.
    ///
    /// - Parameter baseURL: This server's URL as the machine reaches it.
    public func plan(for machine: MachineIdentity, baseURL: String) async -> BootPlan {
        let rules = rules
        guard let match = rules.match(for: machine) else { return BootPlan(unmatched: machine, in: rules) }
        let state: MachineState
        do {
            state =
                match.assignment.boot == .once
                ? try await states.state(of: NotedMachine(machine, by: match)) : MachineState()
        } catch {
            return BootPlan(match, for: machine, BootProblems([.state(error)]))
        }
        if let plan = BootPlan(withoutNetwork: match, for: machine, in: state) { return plan }
        do {
            let resolution = try await resolution(of: match.assignment, for: machine)
            return BootPlan(
                match, for: machine, resolution.assets(of: match.assignment, for: machine, baseURL: baseURL))
        } catch {
            let problem = error as? BootProblem
            return BootPlan(
                match, for: machine,
                BootProblems([problem ?? BootProblem(.host, "this host cannot plan; its log says why", cause: error)]))
        }
    }

    /// Notes that a machine is being told its plan: its schematic is kept, so that its assets can be asked for, and its state
    /// follows.
    ///
    /// - Parameter address: The address that asked; without one, the machine's state stays as it is.
    /// - Returns: The plan as it is to be told. One of which nothing can be kept is refused.
    public func handOut(_ plan: BootPlan, to machine: MachineIdentity, at address: IPv4Address?) async -> BootPlan {
        var plan = plan
        if case .talos(let assets) = plan.payload, let match = plan.match {
            do throws(BootProblem) {
                if match.assignment.schematic?.given != nil {
                    do { try await factory.keep(assets.schematic, on: storage) } catch {
                        throw BootProblem(error, schematic: assets.schematic.id)
                    }
                }
                if let address {
                    do {
                        try await states.apply(
                            .toldToBoot(
                                NotedMachine(machine, by: match), match.assignment.boot,
                                initramfs: assets.names.initramfs, at: address))
                    } catch {
                        // Whoever boots always needs nothing that is known of the machine.
                        guard match.assignment.boot != .once else { throw BootProblem.state(error) }
                        logger.error(
                            "cannot forget that a machine has booted once",
                            metadata: ["machine.mac": "\(machine.mac)", "error": "\(error)"])
                    }
                }
            } catch {
                plan = BootPlan(match, for: machine, BootProblems([error]))
            }
        }
        if let address, plan.payload.endsBoot {
            let noted = plan.match.map { NotedMachine(machine, by: $0) } ?? NotedMachine(machine.mac)
            await note(.toldOtherwise(noted, at: address), "cannot note what a machine was told")
        }
        if case .refuse(let problems) = plan.payload {
            logger.error(
                "cannot boot a machine",
                metadata: [
                    "machine.mac": "\(machine.mac)", "machine.rule": "\(plan.match.map { "\($0)" } ?? "none")",
                    "error": "\(problems.map(\.description).joined(separator: "; "))",
                ])
        }
        return plan
    }

    /// Notes that a machine has been given a part of an initramfs, or all of it.
    ///
    /// - Parameters:
    ///   - machine: Whose address it is; nil if nobody knows.
    ///   - address: The address that fetched it.
    public func delivered(_ part: DeliveredPart, to machine: MACAddress?, at address: IPv4Address) async {
        await note(
            .delivered(part, to: machine, at: address), "cannot note that a machine has booted; it is tried again")
    }

    private func note(_ event: MachineEvent, _ failure: Logger.Message) async {
        do { try await states.apply(event) } catch {
            logger.error(
                failure,
                metadata: ["machine.mac": "\(event.machine.map(\.description) ?? "unknown")", "error": "\(error)"])
        }
    }

    /// The machine configuration that a machine gets, or nil if it has none.
    public func configuration(for machine: MachineIdentity) async throws -> [UInt8]? {
        guard let file = machines?.current, let path = file.assignment(for: machine)?.assignment.configuration else {
            return nil
        }
        return try await storage.run { try file.configuration(path) }
    }

    private func resolution(of assignment: Assignment, for machine: MachineIdentity) async throws -> BootResolution {
        let choice = try BootChoice(assignment, for: machine.architecture ?? BootChoice.usualArchitecture)
        let given = assignment.schematic?.given
        return try await resolutions.value(for: choice, isGiven: given != nil, at: factory.releases.revision) {
            [factory, storage] in
            let finding: SchematicFinding
            if let given {
                finding = .success(given)
            } else {
                do { finding = .success(try await factory.schematic(choice.schematic, on: storage)) } catch {
                    finding = .failure(BootProblem(error, schematic: choice.schematic))
                }
            }
            // What is missing may have been imported this moment; whatever else is wrong stays so.
            let releases = try await factory.releases { releases in
                guard case .success(let schematic) = finding else { return true }
                return choice.version.resolve(among: releases.versions)
                    .map { releases.obstacles(to: schematic, of: $0, on: choice.architecture).isEmpty } ?? false
            }
            return try await storage.run { BootResolution(of: choice, schematic: finding, among: releases) }
        }
    }
}

extension BootProblem {
    /// What was thrown while a machine's state was read or written.
    fileprivate static func state(_ error: any Error) -> BootProblem {
        if let busy = error as? FactoryError, busy.code == .busy { return BootProblem(.busy, busy.message) }
        return BootProblem(
            .host, "what is known of this machine cannot be read or written; this server's log says why", cause: error)
    }
}

extension SchematicID {
    /// Enough of it for people to tell one from another.
    var short: String { "\(Substring(description.utf8.prefix(12)))…" }
}

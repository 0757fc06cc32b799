import BlockingWork
import Factory
import Imaging
import Logging
import Machines
import Netboot
import NetworkTypes
import Schematics
import TalosModel

/// Decides what each machine boots: the machines file says which schematic and version, the store which exact release, the
/// factory which command line.
///
/// DHCP, the boot script, the configuration and `explain` all ask here, so that none of them lets a machine through that
/// another would not.
public final class BootPlanner: Sendable {
    private let factory: Factory
    private let machines: MachineDirectory?
    private let ledger: BootOnceLedger
    private let logger: Logger
    private let awaited: AwaitedDeliveries
    private let resolutions = ResolutionCache()
    /// Threads of its own, so that machines boot whatever strangers ask of the factory.
    private let storage = BlockingWork(width: 4, capacity: 4096) { load in
        FactoryError(.busy, "\(load.waiting) machines are waiting for their plans; ask again in a moment")
    }

    /// A planner.
    ///
    /// - Parameter machines: The machines file; without one, every machine is left alone.
    public convenience init(factory: Factory, machines: MachineDirectory?, ledger: BootOnceLedger, logger: Logger) {
        self.init(
            factory: factory, machines: machines, ledger: ledger, awaited: AwaitedDeliveries(), logger: logger)
    }

    init(
        factory: Factory, machines: MachineDirectory?, ledger: BootOnceLedger, awaited: AwaitedDeliveries,
        logger: Logger
    ) {
        self.awaited = awaited
        self.factory = factory
        self.machines = machines
        self.ledger = ledger
        self.logger = logger
    }

    /// The entry of the machines file that a machine gets.
    public func match(for machine: MachineIdentity) -> MachineMatch? {
        machines?.current?.assignment(for: machine)
    }

    /// Whether an entry of the machines file matches a machine, and not only what unknown machines boot.
    public func knows(_ machine: MachineIdentity) -> Bool {
        machines?.current?.names(machine) ?? false
    }

    /// Whether a machine that asks by DHCP may boot, by what DHCP tells of it. Never waits.
    public func verdict(on client: BootClient) -> BootVerdict {
        guard let file = machines?.current else { return .ignore(reason: noFile) }
        var machine = MachineIdentity(
            mac: client.mac, uuid: client.uuid, architecture: client.platform.talosArchitecture)
        if let uuid = machine.uuid, !file.names(machine) {
            // Firmware before SMBIOS 2.6 sends the bytes in the order of the text. DHCP does not tell which order is meant; the
            // script, where iPXE writes the UUID as text, does.
            machine.uuid = uuid.byteSwapped
        }
        if let match = file.assignment(for: machine) {
            return .answer(BootOptions(chainload: match.assignment.chainload, loader: match.assignment.loader))
        }
        // A serial number is told by the boot script only; until then the machine has the benefit of the doubt.
        if file.unknown == .wait || file.needsMore(about: machine) { return .answer(BootOptions()) }
        return .ignore(reason: Self.unknown(client.mac, in: file))
    }

    /// What a machine is to do now.
    ///
    /// - Parameters:
    ///   - baseURL: This server's URL as the machine reaches it.
    ///   - address: The address that asks; nil when nobody is told, and nothing is noted then.
    public func plan(
        for machine: MachineIdentity, baseURL: String, toldTo address: IPv4Address? = nil
    ) async -> BootPlan {
        guard let file = machines?.current else {
            return BootPlan(machine: machine.mac.description, action: .ignore, reason: noFile)
        }
        guard let match = file.assignment(for: machine) else {
            let waits = file.unknown == .wait
            return BootPlan(
                machine: machine.mac.description, action: waits ? .wait : .ignore,
                reason: Self.unknown(machine.mac, in: file))
        }
        let name = match.assignment.name ?? machine.mac.description
        func plan(_ action: BootPlan.Action, _ reason: String) -> BootPlan {
            BootPlan(machine: name, action: action, reason: reason)
        }
        do {
            switch match.assignment.boot {
            case .local: return plan(.localDisk, "\(match.rule) says boot: local")
            case .once where try await hasBooted(machine.mac):
                return plan(.localDisk, "\(match.rule) says boot: once, and it has been given its image")
            case .once, .always: break
            }
            let assets = try await assets(of: match.assignment, for: machine, baseURL: baseURL)
            if let address { try await note(match.assignment.boot, of: machine.mac, at: address) }
            return plan(.boot(assets), "\(match.rule): \(assets.names.summary)")
        } catch let error as FactoryError where error.code == .busy {
            return plan(.wait, "\(match.rule): \(error.message)")
        } catch {
            logger.error(
                "cannot boot a machine",
                metadata: ["machine.mac": "\(machine.mac)", "machine.rule": "\(match)", "error": "\(error)"])
            // The cause of a failure names files of this host, and whoever asks for a script reads it.
            return plan(.refuse, "\(match.rule): \((error as? FactoryError)?.message ?? "\(error)")")
        }
    }

    /// The machine configuration that a machine gets, or nil if it has none.
    public func configuration(for machine: MachineIdentity) async throws -> [UInt8]? {
        guard let file = machines?.current, let path = file.assignment(for: machine)?.assignment.configuration else {
            return nil
        }
        return try await storage.run { try file.configuration(path) }
    }

    /// Notes that a machine has been given its initramfs.
    ///
    /// - Parameter address: The address that fetched it.
    public func delivered(to mac: MACAddress, at address: IPv4Address) async {
        guard awaited.fulfil(mac, at: address) else { return }
        do { try await storage.run { [ledger] in try ledger.note(mac) } } catch {
            logger.error(
                "cannot note that a machine has booted", metadata: ["machine.mac": "\(mac)", "error": "\(error)"])
        }
    }

    /// What has to be remembered of a machine that is told to boot.
    private func note(_ mode: Assignment.BootMode, of mac: MACAddress, at address: IPv4Address) async throws {
        switch mode {
        case .once: awaited.expect(mac, at: address)
        case .always where try await hasBooted(mac):
            // So that `once`, written again later, means once more.
            try await storage.run { [ledger] in try ledger.forget(mac) }
        case .always, .local: break
        }
    }

    private func hasBooted(_ mac: MACAddress) async throws -> Bool {
        if let known = ledger.recalled(mac) { return known }
        return try await storage.run { [ledger] in try ledger.hasBooted(mac) }
    }

    private func assets(
        of assignment: Assignment, for machine: MachineIdentity, baseURL: String
    ) async throws -> BootAssets {
        guard let choice = assignment.schematic, let selector = assignment.version else {
            throw BootPlanError("it has no schematic or no version")
        }
        guard !assignment.secureBoot else {
            throw BootPlanError("secureboot needs a signed UKI, which this version of Slipway does not make yet")
        }
        let schematic: Schematic =
            if let given = choice.schematic { try await factory.keep(given, on: storage) } else {
                try await factory.schematic(choice.id, on: storage)
            }
        let target = AssetPath(
            .kernel, platform: assignment.platform, architecture: machine.architecture ?? .amd64,
            secureBoot: assignment.secureBoot)
        let resolution = try await resolutions.value(
            for: ResolutionKey(
                schematic: schematic.id, version: selector, platform: target.platform, architecture: target.architecture
            )
        ) { try await resolve(schematic, selector, target) }
        var text = resolution.text
        if !assignment.arguments.isEmpty || assignment.configuration != nil {
            var line = resolution.commandLine
            line.extend(assignment.arguments)
            if assignment.configuration != nil {
                line.set("talos.config", [machine.configurationURL(base: baseURL)])
            }
            text = line.description
        }
        return BootAssets(
            schematic: schematic, version: resolution.version, target: target, commandLine: text,
            names: resolution.names)
    }

    /// The release that a selector names, if it has everything that the schematic needs on this architecture, and the command
    /// line that the two give.
    private func resolve(
        _ schematic: Schematic, _ selector: VersionSelector, _ target: AssetPath
    ) async throws -> Resolution {
        let versions = try await factory.versions()
        guard let version = selector.resolve(among: versions) else {
            let known = versions.isEmpty ? "none" : versions.map(\.tag).joined(separator: ", ")
            throw BootPlanError(
                "no release for version \(selector) is in the store (there: \(known)); 'slipway release import' brings one in"
            )
        }
        let obstacles = try await factory.summary(version)?.obstacles(to: schematic, on: target.architecture) ?? []
        guard obstacles.isEmpty else { throw BootPlanError(obstacles.prefix(3).joined(separator: "; ")) }
        let line = try await storage.run {
            try schematic.commandLine(of: target, version: version)
        }
        return Resolution(
            version: version, names: BootNames(schematic: schematic.id, version: version, target: target),
            commandLine: line)
    }

    private var noFile: String {
        machines == nil
            ? "there is no machines file; start with --config FILE"
            : "the machines file is refused, and there is no earlier one; see the log"
    }

    private static func unknown(_ mac: MACAddress, in file: MachinesFile) -> String {
        // Strangers are told this, too: where the file is stays out of it.
        let name = file.path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) }
        return "no entry of \(name ?? file.path) matches \(mac), and it says unknown: \(file.unknown.rawValue)"
    }
}

/// Why a machine cannot be given what it is assigned.
struct BootPlanError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

extension BootClient.Platform {
    /// Talos' name for it. BIOS says nothing of 64 bits, and Talos runs on nothing less.
    var talosArchitecture: Architecture? {
        switch self {
        case .bios, .x64, .ia32: .amd64
        case .arm64: .arm64
        case .arm32, .other: nil
        }
    }
}

extension SchematicID {
    /// Enough of it for people to tell one from another.
    var short: String { "\(Substring(description.utf8.prefix(12)))…" }
}

extension MachineIdentity {
    /// Where a machine finds its configuration. The query repeats what it told, because rules may go by it.
    func configurationURL(base: String) -> String {
        var query: [String] = []
        if let uuid { query.append("uuid=\(uuid)") }
        if let serial { query.append("serial=\(serial.percentEncoded)") }
        if let architecture { query.append("arch=\(architecture)") }
        return base + ServicePath.configuration(mac.hyphenated)
            + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }
}

extension String {
    /// With everything but RFC 3986's unreserved characters percent-encoded.
    fileprivate var percentEncoded: String {
        var text = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return text
    }
}

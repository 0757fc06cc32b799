import BootPlans
import DHCP
import DHCPService
import IPXE
import ImageFactory
import Imaging
import Machines
import Netboot
import NetworkTypes
import Settings
import TalosModel

extension Appliance {
    /// The names of the loaders that matter to `explain`.
    public static var loaderNames: [String] { Loader.all.sorted() }

    /// What a machine would be offered and would boot, and why. Nothing is built or sent.
    ///
    /// - Parameters:
    ///   - machine: What is known of the machine. Without an architecture, it is taken to be the first for which an entry
    ///     matches.
    ///   - daemonLoaders: The names of the loaders that a running daemon has; nil for those that this command finds.
    public func explain(_ machine: MachineIdentity, daemonLoaders: Set<String>? = nil) async throws -> Explanation {
        var machine = machine
        let isAssumed = machine.architecture == nil
        if isAssumed {
            machine.architecture = Architecture.allCases.first { architecture in
                var candidate = machine
                candidate.architecture = architecture
                return planner.knows(candidate)
            }
        }
        let architecture = machine.architecture ?? BootChoice.usualArchitecture
        machine.architecture = architecture
        let served = daemonLoaders ?? loaders.names
        let address: IPv4Address
        do { address = try HostAddress.find(on: settings.interfaces) ?? .loopback } catch {
            throw ApplianceError("\(error)")
        }
        let server = ServerAddresses(
            address: address, httpPort: Int(settings.httpPort), serves: { [loaders] in loaders.isServed($0) })
        let plan = await planner.plan(for: machine, baseURL: server.httpBase)
        var explanation = Explanation(
            machine: machine.mac.description, architecture: architecture.rawValue,
            isArchitectureAssumed: isAssumed,
            rule: plan.match?.description ?? "none matches", plan: plan.reason,
            answers: Self.firmwares(architecture).map { name, client in
                Explanation.Answer(firmware: name, decision: decision(on: client, machine, server))
            }, loaders: Self.loaderNames.filter(served.contains), script: nil, commandLine: nil, assets: [])
        let origin = ScriptOrigin(name: Self.name(version: version), baseURL: server.httpBase)
        do { explanation.script = try plan.script(from: origin) } catch {
            explanation.plan += "; but its script cannot be written: \(error)"
        }
        if case .talos(let assets) = plan.payload {
            explanation.commandLine = assets.commandLine
            explanation.assets = [
                await describe(.kernel, at: assets.names.kernel, of: assets),
                await describe(.initramfs, at: assets.names.initramfs, of: assets),
            ]
        }
        return explanation
    }

    private func describe(_ kind: AssetKind, at path: String, of assets: BootAssets) async -> Explanation.Asset {
        // Relative, so that it can be put behind any base.
        let path = String(Substring(path.utf8.dropFirst()))
        let target = AssetPath(kind, platform: assets.target.platform, architecture: assets.target.architecture)
        do {
            let length = try await factory.knownLength(
                of: AssetOrder(target, of: assets.schematic, version: assets.version))
            return .init(
                path: path, length: length, problem: length == nil ? "not built yet; the first request builds it" : nil)
        } catch {
            return .init(path: path, length: nil, problem: "\(error)")
        }
    }

    /// The kinds of firmware that a machine of an architecture may have, each with the DISCOVER that it would send.
    private static func firmwares(_ architecture: Architecture) -> [(String, FirmwareSample)] {
        switch architecture {
        case .amd64:
            [
                ("BIOS PXE", .init(code: .biosX86, vendorClass: "PXEClient:Arch:00000:UNDI:002001")),
                ("UEFI PXE", .init(code: .uefiX64, vendorClass: "PXEClient:Arch:00007:UNDI:003000")),
                ("UEFI HTTP boot", .init(code: .httpX64, vendorClass: "HTTPClient:Arch:00016:UNDI:003000")),
                ("iPXE", .init(code: .uefiX64, vendorClass: "PXEClient:Arch:00007:UNDI:003010", userClass: "iPXE")),
            ]
        case .arm64:
            [
                ("UEFI PXE", .init(code: .uefiARM64, vendorClass: "PXEClient:Arch:00011:UNDI:003000")),
                ("UEFI HTTP boot", .init(code: .httpARM64, vendorClass: "HTTPClient:Arch:00019:UNDI:003000")),
                ("iPXE", .init(code: .uefiARM64, vendorClass: "PXEClient:Arch:00011:UNDI:003010", userClass: "iPXE")),
                ("U-Boot", .init(code: .uBootARM64, vendorClass: "U-Boot.armv8")),
            ]
        }
    }

    private func decision(on sample: FirmwareSample, _ machine: MachineIdentity, _ server: ServerAddresses) -> String {
        let decision = NetbootPolicy.decide(
            sample.discover(from: machine), on: .dhcp, from: SocketEndpoint(address: .any, port: 68), server: server
        ) { planner.verdict(on: $0) }
        // The firmware stands before it already.
        let prefix = decision.client.map { "\($0.summary): " } ?? ""
        return decision.reason.hasPrefix(prefix) ? String(decision.reason.dropFirst(prefix.count)) : decision.reason
    }
}

/// What tells one firmware from another in a DISCOVER.
private struct FirmwareSample {
    var code: ClientArchitecture
    var vendorClass: String
    var userClass: String?
}

extension FirmwareSample {
    /// The DISCOVER that such a firmware sends from a machine.
    func discover(from machine: MachineIdentity) -> DHCPMessage {
        var message = DHCPMessage(
            operation: .request, transactionID: 1,
            options: [
                DHCPOption(.messageType, [MessageType.discover.rawValue]),
                DHCPOption(.clientArchitecture, [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)]),
                DHCPOption(.vendorClass, Array(vendorClass.utf8)),
            ])
        message.clientHardwareAddress = ArraySlice(machine.mac.octets + [UInt8](repeating: 0, count: 10))
        if let userClass { message.options.append(DHCPOption(.userClass, Array(userClass.utf8))) }
        if let uuid = machine.uuid { message.options.append(DHCPOption(.clientUUID, [0] + uuid.wireOrder)) }
        return message
    }
}

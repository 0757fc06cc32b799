import BootPlans
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import Machines
import NIOCore
import NetworkTypes
import TalosModel
import Timelines

/// `/config/:mac`: the machine configuration of one machine, which names its URL on the kernel's command line.
///
/// A configuration holds secrets, so it is given only to an address that is proven to be that machine's, by what the kernel
/// knows of this host's own links, and beyond a router in the networks that the operator named for it.
public struct ConfigRoutes: RouteGroup {
    let planner: BootPlanner
    let observer: any BootObserver

    /// The routes.
    public init(planner: BootPlanner, observer: any BootObserver) {
        self.planner = planner
        self.observer = observer
    }

    public func add(to routes: inout Routes) {
        routes.get(ServicePath.configuration(":mac"), use: serve)
    }

    @Sendable func serve(request: Request, context: FrontendContext) async throws -> Response {
        let text = try context.parameters.require("mac")
        guard let mac = MACAddress(parsing: text) else {
            return .refusal(
                .badRequest, "'\(PublicText.beginning(of: text))' is not a MAC address, as in 52-54-00-12-34-56")
        }
        guard let address = context.clientAddress else {
            return .refusal(.forbidden, "a machine configuration is given to IPv4 addresses only")
        }
        let refusal: String
        switch await observer.proof(of: address) {
        case .machine(mac): refusal = ""
        case .machine(let owner): refusal = "\(address) is \(owner), not \(mac)"
        case .none(let reason): refusal = reason
        }
        guard refusal.isEmpty else {
            context.logRefusal(
                .warning, "refused a machine configuration",
                ["machine.mac": "\(mac)", "client": "\(address)", "reason": "\(refusal)"])
            return .refusal(.forbidden, refusal)
        }
        let query = request.query
        let identity = MachineIdentity(
            mac: mac, uuid: query["uuid"].flatMap { SystemUUID(parsing: $0) }, serial: query["serial"],
            architecture: query["arch"].flatMap { Architecture(rawValue: $0) })
        guard let configuration = try await planner.configuration(for: identity) else {
            return .refusal(.notFound, "\(mac) has no configuration in the machines file")
        }
        observer.record(
            BootEvent(mac: mac, stage: .config, detail: "machine configuration", address: address))
        return Response(
            status: .ok, headers: [.contentType: "application/yaml", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: configuration)))
    }
}

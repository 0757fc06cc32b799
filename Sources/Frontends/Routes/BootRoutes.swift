import BootPlans
import HTTPTypes
import Hummingbird
import HummingbirdCore
import IPXE
import Machines
import NetworkTypes
import TalosModel
import Timelines

/// The scripts that machines run: `/boot.ipxe`, the same for all, and `/boot`, each machine's own. iPXE of 2021 and later
/// looks for `autoexec.ipxe` beside the loader that it is, wherever that came from.
public struct BootRoutes: RouteGroup {
    let planner: BootPlanner
    let observer: any BootObserver
    /// The name shown on consoles.
    let name: String

    /// The routes.
    public init(planner: BootPlanner, observer: any BootObserver, name: String) {
        self.planner = planner
        self.observer = observer
        self.name = name
    }

    public func add(to routes: inout Routes) {
        routes.get(ServicePath.firstScript, use: first)
        routes.head(ServicePath.firstScript, use: first)
        routes.get(ServicePath.autoexec, use: autoexec)
        routes.head(ServicePath.autoexec, use: autoexec)
        routes.get(ServicePath.machineScript, use: machine)
    }

    @Sendable func first(request: Request, context: FrontendContext) async throws -> Response {
        .text(try FirstStageScript.text(from: origin(of: request, context)))
    }

    /// The same, for an iPXE whose network is still down when it runs this.
    @Sendable func autoexec(request: Request, context: FrontendContext) async throws -> Response {
        .text(try FirstStageScript.text(from: origin(of: request, context), bringingUpNetwork: true))
    }

    @Sendable func machine(request: Request, context: FrontendContext) async throws -> Response {
        let query = request.query
        guard let text = query["mac"], let mac = MACAddress(parsing: text) else {
            return .refusal(
                .badRequest,
                "the query needs mac=52-54-00-12-34-56, as \(context.baseURL(of: request))\(ServicePath.firstScript) sends it"
            )
        }
        if let obstacle = mac.obstacle { return .refusal(.badRequest, "\(mac): \(obstacle)") }
        let origin = origin(of: request, context)
        let identity = MachineIdentity(
            mac: mac, uuid: query["uuid"].flatMap { SystemUUID(parsing: $0) },
            serial: query["serial"].flatMap { $0.isEmpty ? nil : $0 },
            architecture: query["arch"].flatMap { Architecture(buildName: $0) })
        let address = context.clientAddress
        if let address { observer.learned(address, of: mac) }
        let plan = await planner.handOut(
            planner.plan(for: identity, baseURL: origin.baseURL), to: identity, at: address)
        observer.record(
            BootEvent(
                mac: mac, stage: plan.payload.stage, detail: plan.reason, address: address,
                endsBoot: plan.payload.endsBoot, architecture: identity.architecture?.rawValue))
        return .text(try plan.script(from: origin))
    }

    private func origin(of request: Request, _ context: FrontendContext) -> ScriptOrigin {
        ScriptOrigin(name: name, baseURL: context.baseURL(of: request))
    }
}

extension BootPayload {
    /// Where on the timeline a machine stands that was told this.
    fileprivate var stage: BootStage {
        switch self {
        case .talos, .localDisk, .wait: .script
        case .ignore: .seen
        case .refuse: .failed
        }
    }
}

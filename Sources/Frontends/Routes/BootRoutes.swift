import BootPlans
import BootTimeline
import HTTPTypes
import Hummingbird
import HummingbirdCore
import IPXE
import Machines
import NetworkTypes
import TalosModel

/// The scripts that machines run: `/boot.ipxe`, the same for all, and `/boot`, each machine's own.
struct BootRoutes {
    let planner: BootPlanner
    let observer: any BootObserver
    /// The name shown on consoles.
    let name: String

    func add(to router: Router<FrontendContext>) {
        for path: RouterPath in ["boot.ipxe", "autoexec.ipxe"] {
            router.get(path, use: first)
            router.head(path, use: first)
        }
        router.get("boot", use: machine)
    }

    @Sendable func first(request: Request, context: FrontendContext) async throws -> Response {
        let response = Response.text(try FirstStageScript.text(from: origin(of: request)))
        return request.method == .head ? response.createHeadResponse() : response
    }

    @Sendable func machine(request: Request, context: FrontendContext) async throws -> Response {
        let query = request.uri.queryParameters
        guard let text = query["mac"], let mac = MACAddress(parsing: text) else {
            return .refusal(
                .badRequest, "the query needs mac=52-54-00-12-34-56, as \(request.baseURL)/boot.ipxe sends it")
        }
        let origin = origin(of: request)
        let identity = MachineIdentity(
            mac: mac, uuid: query["uuid"].flatMap { SystemUUID(parsing: $0) },
            serial: query["serial"].map(String.init).flatMap { $0.isEmpty ? nil : $0 },
            architecture: query["arch"].flatMap { Architecture(buildName: String($0)) })
        let address = context.clientAddress
        if let address { observer.learned(address, of: mac) }
        let plan = await planner.plan(for: identity, baseURL: origin.baseURL)
        observer.record(BootEvent(mac: mac, stage: plan.action.stage, detail: plan.reason, address: address))
        return .text(try script(for: plan, from: origin))
    }

    private func script(for plan: BootPlan, from origin: ScriptOrigin) throws -> String {
        switch plan.action {
        // Not an error: iPXE would ask again and again, and the machine lose a minute before it boots from its disk.
        case .ignore: return RefusalScript.text(machine: plan.machine, reason: plan.reason, from: origin)
        case .wait: return try WaitScript.text(machine: plan.machine, from: origin)
        case .localDisk: return LocalDiskScript.text(machine: plan.machine, from: origin)
        case .refuse: return RefusalScript.text(machine: plan.machine, reason: plan.reason, from: origin)
        case .boot(let assets):
            do { return try assets.script(machine: plan.machine, from: origin) } catch {
                return RefusalScript.text(machine: plan.machine, reason: "\(error)", from: origin)
            }
        }
    }

    private func origin(of request: Request) -> ScriptOrigin { ScriptOrigin(name: name, baseURL: request.baseURL) }
}

extension BootPlan.Action {
    /// Where on the timeline a machine stands that was told this.
    fileprivate var stage: BootStage {
        switch self {
        case .boot, .localDisk, .wait: .script
        case .ignore: .seen
        case .refuse: .failed
        }
    }
}

import BootTimeline
import Compositions
import HTTPTypes
import Hummingbird
import HummingbirdCore

/// `/loaders/:name`: the loaders, for UEFI HTTP boot. The suffix `.efi` and the type are what that client decides by.
struct LoaderRoutes {
    let files: [String: Composition]
    let modified: [String: Int64]
    let observer: any BootObserver

    func add(to router: Router<FrontendContext>) {
        router.get("loaders/:name", use: serve)
        router.head("loaders/:name", use: serve)
    }

    @Sendable func serve(request: Request, context: FrontendContext) async throws -> Response {
        let name = try context.parameters.require("name")
        guard let file = files[name] else {
            return .refusal(.notFound, "there is no loader \(name.prefix(64).debugDescription) on this host")
        }
        let response = CompositionResponse(
            composition: file,
            contentType: name.hasSuffix(".efi") ? "application/efi" : "application/octet-stream", fileName: nil,
            modified: HTTPDate(secondsSinceEpoch: modified[name] ?? 0)
        ).response(to: request, context: context)
        if request.method == .get, let address = context.clientAddress, let machine = observer.machine(at: address) {
            observer.record(BootEvent(mac: machine, stage: .loader, detail: "\(name) by HTTP", address: address))
        }
        return response
    }
}

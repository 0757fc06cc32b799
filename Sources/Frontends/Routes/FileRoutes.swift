import Compositions
import HTTPSemantics
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NetworkTypes
import Timelines

/// `/loaders/:name`: the loaders, for UEFI HTTP boot. The suffix `.efi` and the type are what that client decides by.
public struct LoaderRoutes: RouteGroup {
    /// The file of a name, as of now.
    let file: @Sendable (String) async throws -> LoaderFile?
    let observer: any BootObserver
    /// Makes what stands for `autoexec.ipxe` where no file does: newer iPXE looks for that beside itself.
    let boot: BootRoutes

    /// The routes.
    public init(
        file: @escaping @Sendable (String) async throws -> LoaderFile?, observer: any BootObserver, boot: BootRoutes
    ) {
        self.file = file
        self.observer = observer
        self.boot = boot
    }

    public func add(to routes: inout Routes) {
        routes.get(ServicePath.loader(":name"), use: serve)
        routes.head(ServicePath.loader(":name"), use: serve)
    }

    @Sendable func serve(request: Request, context: FrontendContext) async throws -> Response {
        let name = try context.parameters.require("name")
        guard let file = try await file(name) else {
            if name == "autoexec.ipxe" { return try await boot.autoexec(request: request, context: context) }
            return .refusal(
                .notFound, "there is no loader \(PublicText.beginning(of: name).debugDescription) on this host")
        }
        let response = CompositionResponse(
            composition: file.content,
            contentType: name.utf8.suffix(4).elementsEqual(".efi".utf8)
                ? "application/efi" : "application/octet-stream", fileName: nil,
            modified: HTTPDate(secondsSinceEpoch: file.modified)
        ).response(to: request, context: context)
        if request.method == .get, let address = context.clientAddress, let machine = observer.machine(at: address) {
            observer.record(BootEvent(mac: machine, stage: .loader, detail: "\(name) by HTTP", address: address))
        }
        return response
    }
}

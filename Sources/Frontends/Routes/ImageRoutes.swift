import BootPlans
import BootTimeline
import Factory
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import TalosModel

/// `/image/:schematic/:version/:path`: the assets themselves.
struct ImageRoutes {
    let factory: Factory
    let planner: BootPlanner
    let observer: any BootObserver

    func add(to router: Router<FrontendContext>) {
        router.get("image/:schematic/:version/:path", use: serve)
        router.head("image/:schematic/:version/:path", use: serve)
    }

    @Sendable func serve(request: Request, context: FrontendContext) async throws -> Response {
        let path = try context.parameters.require("path")
        let schematic = try context.parameters.require("schematic")
        let version = try context.parameters.require("version")
        let asset: Asset
        if let remembered = try await factory.remembered(schematic: schematic, version: version, path: path) {
            asset = remembered
        } else {
            asset = try await whileConnected(context.channel) { [factory] in
                try await factory.asset(schematic: schematic, version: version, path: path)
            }
        }
        let fileName = request.uri.queryParameters["filename"].map(String.init).flatMap { $0.isEmpty ? nil : $0 }
        var response = CompositionResponse(
            composition: asset.composition, contentType: asset.contentType, fileName: fileName ?? asset.fileName,
            modified: HTTPDate(secondsSinceEpoch: asset.modified)
        ).response(to: request, context: context)
        if request.method == .get, response.status == .ok, let stage = BootStage(assetNamed: path),
            let address = context.clientAddress, let machine = observer.machine(at: address)
        {
            // On the timeline when its last byte has left, because that is when the machine has it.
            response.body = response.body.afterWriting { [observer, planner] in
                observer.record(BootEvent(mac: machine, stage: stage, detail: path, address: address))
                if stage == .initramfs { await planner.delivered(to: machine) }
            }
        }
        return response
    }
}

/// Runs work that is of use only while the client is there, and cancels it when the connection closes.
private func whileConnected<Value: Sendable>(
    _ channel: any Channel, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    // A task of its own, because the end of the connection cancels it from outside the request's task.
    let task = Task { try await work() }
    ConnectionEnd.of(channel).whenSuccess { task.cancel() }
    return try await withTaskCancellationHandler {
        try await task.value
    } onCancel: {
        task.cancel()
    }
}

extension BootStage {
    /// The stage that fetching an asset is, for those that a boot passes through.
    fileprivate init?(assetNamed path: String) {
        if path.hasPrefix("kernel-") {
            self = .kernel
        } else if path.hasPrefix("initramfs-") {
            self = .initramfs
        } else if path.hasSuffix(".efi") {
            self = .kernel
        } else {
            return nil
        }
    }
}

extension ResponseBody {
    /// The same body; `action` runs when all of it has been written.
    func afterWriting(_ action: @escaping @Sendable () async -> Void) -> ResponseBody {
        ResponseBody(contentLength: contentLength) { [self] writer in
            try await self.write(writer)
            await action()
        }
    }
}

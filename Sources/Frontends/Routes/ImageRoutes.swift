import BootPlans
import Compositions
import HTTPSemantics
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageFactory
import NIOCore
import NetworkTypes
import Schematics
import TalosModel
import Timelines

/// `/image/:schematic/:version/:path`: the assets themselves. What a machine gets, and what it does not get, stands on its
/// timeline.
public struct ImageRoutes: RouteGroup {
    let factory: Factory
    let planner: BootPlanner
    let observer: any BootObserver

    /// The routes.
    public init(factory: Factory, planner: BootPlanner, observer: any BootObserver) {
        self.factory = factory
        self.planner = planner
        self.observer = observer
    }

    public func add(to routes: inout Routes) {
        let path = ServicePath.image(schematic: ":schematic", version: ":version", asset: ":path")
        routes.get(path, use: serve)
        routes.head(path, use: serve)
    }

    @Sendable func serve(request: Request, context: FrontendContext) async throws -> Response {
        let path = try context.parameters.require("path")
        let address = context.clientAddress
        let machine = address.flatMap { observer.machine(at: $0) }
        do {
            let asset = try await asset(
                at: path, request, context, maySendElsewhere: !isMachine(request, machine, at: address))
            switch asset.body {
            case .redirect(let url):
                // Conditions and ranges are for whoever has the bytes (RFC 9110 §13.2.1), and nobody keeps this answer: another
                // client gets another one.
                return Response(status: .found, headers: [.location: url])
            case .composition(let composition, let modified):
                let answer = CompositionResponse(
                    composition: composition, contentType: asset.path.contentType, fileName: asset.fileName,
                    modified: HTTPDate(secondsSinceEpoch: modified)
                ).answer(to: request, context: context)
                guard let range = answer.range, let address else { return answer.response }
                let part = DeliveredPart(
                    path: try name(of: asset.path, context), range: range, length: composition.length)
                return watched(answer.response, part, of: asset.path.kind, calledBy: path, machine, at: address)
            }
        } catch {
            let response = try ErrorAnswers.answer(to: error, of: request, context: context, machine: machine)
            if let machine, !(error is CancellationError) {
                // By bytes: one character may be as long as the path.
                let name = String(decoding: path.utf8.prefix(64), as: UTF8.self)
                let reason = (error as? FactoryError)?.message ?? "internal server error"
                observer.record(
                    BootEvent(
                        mac: machine, stage: .failed,
                        detail: "\(name): \(response.status.code) \(PublicText.withoutPaths(reason))",
                        address: address))
            }
            return response
        }
    }

    /// An answer whose body is noted when it has been sent, if it is what machines fetch while they boot.
    private func watched(
        _ response: Response, _ part: DeliveredPart, of kind: AssetKind, calledBy path: String,
        _ machine: MACAddress?, at address: IPv4Address
    ) -> Response {
        guard let stage = BootStage.reached[kind] else { return response }
        var response = response
        response.body = response.body.afterWriting { [observer, planner] failure in
            if let machine, let failure {
                observer.record(
                    BootEvent(mac: machine, stage: .failed, detail: "\(path): \(failure.reason)", address: address))
            } else if let machine, part.range == 0..<part.length {
                // On the timeline when its last byte has left, because that is when the machine has it.
                observer.record(BootEvent(mac: machine, stage: stage, detail: path, address: address))
            }
            // Also where nobody knows whose address it is: what it was told there is known.
            if failure == nil, stage == .initramfs { await planner.delivered(part, to: machine, at: address) }
        }
        return response
    }

    /// The asset's path as scripts name it.
    private func name(of asset: AssetPath, _ context: FrontendContext) throws -> String {
        let text = try context.parameters.require("schematic")
        let version = try factory.parseVersion(context.parameters.require("version"))
        return SchematicID(parsing: text).map { BootNames.path(of: asset, schematic: $0, version: version) } ?? ""
    }

    /// Whether this may be a machine that boots. What it fetches is watched to its last byte, and what it runs may not follow to
    /// another server, or not speak TLS: it is never sent elsewhere.
    private func isMachine(_ request: Request, _ machine: MACAddress?, at address: IPv4Address?) -> Bool {
        if let agent = request.headers[.userAgent], Self.firmware.contains(where: { agent.utf8.starts(with: $0.utf8) })
        {
            return true
        }
        return address.map { planner.boots(machine, at: $0) } ?? false
    }

    /// How iPXE and the HTTP boot of UEFI (EDK II's HttpBootDxe) name themselves.
    private static let firmware = ["iPXE/", "UefiHttpBoot/"]

    private func asset(
        at path: String, _ request: Request, _ context: FrontendContext, maySendElsewhere: @autoclosure () -> Bool
    ) async throws -> Asset {
        // Without one, as asked for, also where a name has several spellings.
        let fileName = request.query["filename"].flatMap { $0.isEmpty ? nil : $0 }
        return try await factory.asset(
            schematic: try context.parameters.require("schematic"), version: try context.parameters.require("version"),
            path: path, fileName: fileName, maySendElsewhere: maySendElsewhere()
        ) { try await ConnectionEnd.cancelling(on: context.channel, $0) }
    }
}

extension BootStage {
    /// The stages at which machines fetch something, by what it is.
    fileprivate static let reached: [AssetKind: BootStage] = [
        .kernel: .kernel, .unifiedKernelImage: .kernel, .initramfs: .initramfs,
    ]
}

extension ResponseBody {
    /// The same body; `action` runs when all of it has been written, or a part of it turned out to be unreadable.
    func afterWriting(_ action: @escaping @Sendable (SegmentError?) async -> Void) -> ResponseBody {
        ResponseBody(contentLength: contentLength) { [self] writer in
            do { try await self.write(writer) } catch let error as SegmentError {
                await action(error)
                throw error
            }
            await action(nil)
        }
    }
}

import Hummingbird
import HummingbirdCore
import IPXE
import ImageFactory
import NetworkTypes
import Schematics
import TalosModel

/// `/pxe/:schematic/:version/:path`: the factory's own iPXE script for a schematic, whoever asks.
public struct PXERoutes: RouteGroup {
    let factory: Factory
    /// Where the script sends the machine for kernel and initramfs; nil means: to the address that it asked.
    let externalURL: String?

    /// The routes.
    public init(factory: Factory, externalURL: String?) {
        self.factory = factory
        self.externalURL = externalURL
    }

    public func add(to routes: inout Routes) {
        routes.get(
            ServicePath.factoryScript(schematic: ":schematic", version: ":version", target: ":path"), use: script)
    }

    @Sendable func script(request: Request, context: FrontendContext) async throws -> Response {
        let schematic = try await factory.schematic(try context.parameters.require("schematic"))
        let version = try factory.parseVersion(try context.parameters.require("version"))
        let target = try factory.bootTarget(try context.parameters.require("path"))
        try await factory.release(version)
        let base = externalURL ?? context.baseURL(of: request)
        let script = try await ConnectionEnd.cancelling(on: context.channel) { [factory] in
            try await factory.commandLine(of: target, schematic: schematic, version: version) { line in
                FactoryScript.text(
                    base: base, schematic: schematic.id.description, version: version, asset: target,
                    commandLine: line.description)
            }
        }
        return .text(script)
    }
}

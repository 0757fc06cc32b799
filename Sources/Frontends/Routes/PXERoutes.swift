import Factory
import Hummingbird
import HummingbirdCore
import IPXE
import Schematics
import TalosModel

/// `/pxe/:schematic/:version/:path`: the factory's own iPXE script for a schematic, whoever asks.
struct PXERoutes {
    let factory: Factory
    /// Where the script sends the machine for kernel and initramfs; nil means: to the address that it asked.
    let externalURL: String?

    func add(to router: Router<FrontendContext>) {
        router.get("pxe/:schematic/:version/:path", use: script)
    }

    @Sendable func script(request: Request, context: FrontendContext) async throws -> Response {
        let schematic = try await factory.schematic(try context.parameters.require("schematic"))
        let version = try factory.parseVersion(try context.parameters.require("version"))
        let target = try factory.bootTarget(try context.parameters.require("path"))
        _ = try await factory.release(version)
        let commandLine = try factory.commandLine(
            schematic: schematic, version: version, platform: target.platform, architecture: target.architecture,
            secureBoot: target.secureBoot)
        return .text(
            FactoryScript.text(
                base: externalURL ?? request.baseURL, schematic: schematic.id.description, version: version,
                asset: target, commandLine: commandLine.description))
    }
}

extension Request {
    /// The URL of this server as the client wrote it. The header is the client's, so only what can be a host and port is
    /// taken into scripts that we write.
    var baseURL: String {
        let authority = head.authority ?? ""
        let allowed = authority.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"),
                UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
        return "http://" + (allowed && !authority.isEmpty && authority.utf8.count <= 255 ? authority : "localhost")
    }
}

import Digests
import Factory
import Hummingbird
import HummingbirdCore
import Releases
import TalosModel

/// `/versions` and `/version/:version/…`: what can be asked for. Served as text, as the original does.
struct VersionRoutes {
    let factory: Factory

    func add(to router: Router<FrontendContext>) {
        router.get("versions", use: versions)
        router.get("version/:version/extensions/official", use: extensions)
        router.get("version/:version/overlays/official", use: overlays)
    }

    @Sendable func versions(request: Request, context: FrontendContext) async throws -> Response {
        // No release is ever listed as broken here; the original says `null` then.
        if request.uri.queryParameters["broken"] == "true" { return .text(JSONText.null.document) }
        return .text(JSONText.array(try await factory.versions().map { .string($0.tag) }).document)
    }

    @Sendable func extensions(request: Request, context: FrontendContext) async throws -> Response {
        let release = try await factory.release(try context.parameters.require("version"))
        return .text(
            JSONText.array(
                release.extensions.map { entry in
                    .object([
                        ("name", .string(entry.name)), ("ref", .string(entry.reference)),
                        ("digest", .string(entry.digest.description)), ("author", .string(entry.author)),
                        ("description", .string(entry.description)),
                    ])
                }
            ).document)
    }

    @Sendable func overlays(request: Request, context: FrontendContext) async throws -> Response {
        let release = try await factory.release(try context.parameters.require("version"))
        return .text(
            JSONText.array(
                release.overlays.map { entry in
                    .object([
                        ("name", .string(entry.name)), ("image", .string(entry.image)),
                        ("ref", .string(entry.reference)),
                        ("digest", .string(entry.digest.description)),
                    ])
                }
            ).document)
    }
}

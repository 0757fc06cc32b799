import Digests
import Hummingbird
import HummingbirdCore
import ImageFactory
import Releases
import TalosModel

/// `/versions` and `/version/:version/…`: what can be asked for.
public struct VersionRoutes: RouteGroup {
    let factory: Factory

    /// The routes.
    public init(factory: Factory) {
        self.factory = factory
    }

    public func add(to routes: inout Routes) {
        routes.get("versions", use: versions)
        routes.get("version/:version/extensions/official", use: extensions)
        routes.get("version/:version/overlays/official", use: overlays)
    }

    @Sendable func versions(request: Request, context: FrontendContext) async throws -> Response {
        // No release is ever listed as broken here; the original says `null` then.
        if request.query["broken"] == "true" { return .json(.null) }
        return .json(.array(factory.releases.versions.map { .string($0.tag) }))
    }

    @Sendable func extensions(request: Request, context: FrontendContext) async throws -> Response {
        let release = try await factory.release(try context.parameters.require("version"))
        return .json(
            .array(
                try factory.extensions(of: release).map { entry in
                    .object([
                        ("name", .string(entry.name)), ("ref", .string(entry.reference)),
                        ("digest", .string(entry.digest.description)), ("author", .string(entry.author)),
                        ("description", .string(entry.description)),
                    ])
                }
            ))
    }

    private static let firstWithOverlays = TalosVersion(1, 7, 0)

    @Sendable func overlays(request: Request, context: FrontendContext) async throws -> Response {
        let version = try factory.parseVersion(try context.parameters.require("version"))
        let release: ReleaseSummary
        do { release = try await factory.release(version) } catch let error as FactoryError
            where error.code == .versionNotFound && version < Self.firstWithOverlays
        {
            // Before there were overlays there are none, whether the version is in the store or not.
            return .json(.array([]))
        }
        return .json(
            .array(
                try factory.overlays(of: release).map { entry in
                    .object([
                        ("name", .string(entry.name)), ("image", .string(entry.image)),
                        ("ref", .string(entry.reference)),
                        ("digest", .string(entry.digest.description)),
                    ])
                }
            ))
    }
}

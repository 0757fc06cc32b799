import Compositions
import Imaging
import Releases
import TalosModel
import Trust
import Workers

/// What both of the factory's resolvers do alike.
protocol FactoryResolver: AssetResolver {
    var factory: Factory { get }
}

extension FactoryResolver {
    func compute<Value: Sendable>(_ body: @escaping @Sendable (Imager) throws -> Value) async throws -> Value {
        try await factory.plans.run { [imager = factory.imager] in try body(imager) }
    }

    func release(_ version: TalosVersion) async throws -> ReleaseSummary { try await factory.release(version) }

    func release(_ version: TalosVersion, for architecture: Architecture) async throws -> ReleaseSummary {
        try await factory.release(version, for: architecture)
    }

    func release(after release: ReleaseSummary) async throws -> ReleaseSummary? {
        let newer = try await factory.releases(where: { _ in false }).summary(release.version)
        return newer?.revision == release.revision ? nil : newer
    }

    func image(of official: OfficialExtension, for architecture: Architecture) async throws -> VerifiedImage {
        try await factory.image(of: official, for: architecture)
    }
}

/// Builds what is missing: each part once, however many ask for it, in the factory's queue.
struct BuildingResolver: FactoryResolver {
    let factory: Factory

    func products<P: Part>(of parts: [P]) async throws -> [P.Product] {
        var products = try await compute { imager in
            try parts.map { part in
                let product = try part.stored(in: imager)
                if let product { try part.check(product) }
                return product
            }
        }
        try await withThrowingTaskGroup(of: (Int, P.Product).self) { group in
            for (index, part) in parts.enumerated() where products[index] == nil {
                group.addTask { (index, try await build(part)) }
            }
            for try await (index, product) in group { products[index] = product }
        }
        return products.compactMap { $0 }
    }

    private func build<P: Part>(_ part: P) async throws -> P.Product {
        let key = part.key
        let built = try await factory.parts.value(for: key) { [factory] in
            // Another may have finished it since we looked.
            if let stored = try await compute({ try part.stored(in: $0) }) { return stored }
            return try await factory.timing(key.kind, part.name) {
                try await factory.queue.run { [imager = factory.imager] cancellation in
                    try part.build(in: imager, isCancelled: { cancellation.isCancelled })
                }
            }
        }
        guard let product = built as? P.Product else {
            throw ImagingError(.unexpected, "\(key.kind) \(part.name) is a \(type(of: built))")
        }
        try part.check(product)
        return product
    }

    func bootFile(
        _ name: BootFileName, of release: ReleaseSummary, for architecture: Architecture
    ) async throws -> StoredFile {
        try await factory.bootFile(name, of: release, for: architecture).file
    }
}

/// Looks what is there. Nothing is built or written, and of what it gives only lengths are to be used: boot files are not read.
struct PeekingResolver: FactoryResolver {
    /// A part is not there.
    struct NotBuilt: Error {}

    let factory: Factory

    func products<P: Part>(of parts: [P]) async throws -> [P.Product] {
        try await compute { imager in
            try parts.map { part in
                guard let product = try part.stored(in: imager) else { throw NotBuilt() }
                try part.check(product)
                return product
            }
        }
    }

    func bootFile(
        _ name: BootFileName, of release: ReleaseSummary, for architecture: Architecture
    ) async throws -> StoredFile {
        try await factory.storage.run { [factory] in
            try factory.unreadBootFile(name, of: release, for: architecture)
        }
    }
}

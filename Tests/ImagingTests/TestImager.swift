import Compositions
import Digests
import Releases
import Schematics
import TalosModel
import Trust

@testable import Imaging

/// An imager that finds releases and images by itself, as the factory does for it.
@dynamicMemberLookup
struct TestImager: Sendable {
    let imager: Imager
    let releases: TestReleases

    subscript<Value>(dynamicMember path: KeyPath<Imager, Value>) -> Value { imager[keyPath: path] }

    func plan(
        schematic: Schematic, version: TalosVersion, architecture: Architecture
    ) throws(ImagingError) -> InitramfsPlan {
        guard let release = releases.releases[version], let base = releases.bases[version] else {
            throw ImagingError(.unexpected, "\(version.tag) is not there")
        }
        return try Imager.plan(
            schematic: schematic, release: release, architecture: architecture, base: base.file,
            images: releases.images)
    }

    /// The initramfs, by the recipe.
    func initramfs(
        schematic: Schematic, version: TalosVersion, architecture: Architecture
    ) async throws -> Composition {
        try await asset(AssetPath(.initramfs, architecture: architecture), of: schematic, version: version)
    }

    /// Any asset, by its recipe.
    func asset(_ path: AssetPath, of schematic: Schematic, version: TalosVersion) async throws -> Composition {
        try await Recipes.composition(
            of: AssetOrder(path, of: schematic, version: version),
            by: InlineResolver(imager: imager, releases: releases))
    }

    /// The product of a part, found or built.
    func product<P: Part>(
        of part: P, isCancelled: @escaping CancellationCheck = { false }
    ) throws(ImagingError) -> P.Product {
        if let stored = try part.stored(in: imager) { return stored }
        return try part.build(in: imager, isCancelled: isCancelled)
    }

    func extensionSegment(
        _ image: VerifiedImage, named name: String, layout: FileLayout,
        isCancelled: @escaping CancellationCheck = { false }
    ) throws(ImagingError) -> ExtensionSegment {
        try product(
            of: ExtensionPart(image, named: name, layout: layout, version: TalosVersion(1, 13, 0)),
            isCancelled: isCancelled)
    }

    func storedExtensionSegment(_ image: Digest, layout: FileLayout) throws(ImagingError) -> ExtensionSegment? {
        try imager.storedExtensionSegment(image, layout: layout)
    }

    func segment(
        of planned: InitramfsPlan.PlannedExtension, in plan: InitramfsPlan
    ) throws(ImagingError) -> ExtensionSegment {
        let part = ExtensionPart(planned, in: plan)
        let segment = try product(of: part)
        try part.check(segment)
        return segment
    }

    func moduleSegment(
        of plan: InitramfsPlan, _ segments: [ExtensionSegment], isCancelled: @escaping CancellationCheck = { false }
    ) throws(ImagingError) -> ModuleSegment? {
        guard let part = ModulesPart(plan, segments) else { return nil }
        return try product(of: part, isCancelled: isCancelled)
    }

    func storedDigests(of composition: Composition) throws(ImagingError) -> ContentDigests? {
        try DigestPart(of: composition).stored(in: imager)
    }

    func digests(
        of composition: Composition, isCancelled: @escaping CancellationCheck = { false }
    ) throws(ImagingError) -> ContentDigests {
        try product(of: DigestPart(of: composition), isCancelled: isCancelled)
    }
}

/// A resolver that builds one part after the other, in the place where it is asked.
struct InlineResolver: AssetResolver {
    let imager: Imager
    let releases: TestReleases

    func products<P: Part>(of parts: [P]) async throws -> [P.Product] {
        try parts.map { part in
            let product =
                try part.stored(in: imager) ?? part.build(in: imager, isCancelled: { false })
            try part.check(product)
            return product
        }
    }

    func compute<Value: Sendable>(_ body: @escaping @Sendable (Imager) throws -> Value) async throws -> Value {
        try body(imager)
    }

    func release(_ version: TalosVersion) async throws -> ReleaseSummary {
        guard let release = releases.releases[version] else {
            throw ImagingError(.unexpected, "\(version.tag) is not there")
        }
        return release
    }

    func release(_ version: TalosVersion, for architecture: Architecture) async throws -> ReleaseSummary {
        try await release(version)
    }

    func release(after release: ReleaseSummary) async throws -> ReleaseSummary? { nil }

    func bootFile(
        _ name: BootFileName, of release: ReleaseSummary, for architecture: Architecture
    ) async throws -> StoredFile {
        // Any file does for a kernel.
        guard let base = releases.bases[release.version] else {
            throw ImagingError(.unexpected, "\(release.version.tag) has no boot files")
        }
        return base.file
    }

    func image(of official: OfficialExtension, for architecture: Architecture) async throws -> VerifiedImage {
        guard let image = releases.images[official.digest] else {
            throw ImagingError(.extensionNotImported, "the extension '\(official.name)' has not been imported")
        }
        return image
    }
}

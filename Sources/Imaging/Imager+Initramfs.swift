import CPIO
import Compositions
import Compression
import Digests
import Releases
import Schematics
import SquashFS
import TalosModel
import Trust

/// What an initramfs will consist of; nothing has been built yet.
public struct InitramfsPlan: Hashable, Sendable {
    /// The schematic.
    public let schematic: Schematic
    /// The release.
    public let version: TalosVersion
    /// The architecture.
    public let architecture: Architecture
    /// Where things lie in this version.
    public let layout: FileLayout
    /// The release's own initramfs.
    public let base: StoredFile
    /// What is laid over the release's root file system, the last on top. Module dependencies come after all of these.
    public let layers: [Layer]

    /// The extensions in the order of layers, each once.
    public var extensions: [PlannedExtension] {
        layers.compactMap { if case .planned(let planned) = $0 { planned } else { nil } }
    }

    /// One of the layers.
    public enum Layer: Hashable, Sendable {
        /// An extension from the release's catalog.
        case planned(PlannedExtension)
        /// The virtual extension by which the machine knows its schematic.
        case schematic
        /// The virtual extension with the embedded machine configuration.
        case embeddedConfiguration
    }

    /// An extension of a plan.
    public struct PlannedExtension: Hashable, Sendable {
        /// The extension's name.
        public let name: String
        /// Its image for the architecture.
        public let image: VerifiedImage
        /// Whether two builds are the same, and where the result is stored.
        public let key: String
    }
}

extension Imager {
    /// The extensions of a release whose images an initramfs needs, each image once, in the schematic's order.
    ///
    /// - Throws: `ImagingError`: the release does not have what the schematic asks for, or its version does not support it.
    public static func extensions(
        for schematic: Schematic, of release: ReleaseSummary
    ) throws(ImagingError) -> [OfficialExtension] {
        // A schematic may name one extension forty thousand times.
        var seen: Set<Digest> = []
        return try selection(schematic, release).filter { seen.insert($0.digest).inserted }
    }

    private static func selection(
        _ schematic: Schematic, _ release: ReleaseSummary
    ) throws(ImagingError) -> [OfficialExtension] {
        try schematic.requireEmbeddedConfigurationSupport(in: release.version)
        try schematic.requireOverlaySupport(in: release.version)
        let selected = try ExtensionSelection.select(
            schematic.officialExtensions, from: release.extensions, version: release.version)
        try schematic.requireOverlay(among: release.overlays, of: release.version)
        return selected
    }

    /// Finds out what an initramfs consists of. Nothing is read or built.
    ///
    /// - Parameters:
    ///   - base: The release's own initramfs for the architecture.
    ///   - images: By the digests that the release's catalog pins, the images for the architecture of what
    ///     ``extensions(for:of:)`` gives.
    /// - Throws: `ImagingError`: the release does not have what the schematic asks for, or its version does not support it.
    public static func plan(
        schematic: Schematic, release: ReleaseSummary, architecture: Architecture, base: VerifiedFile,
        images: [Digest: VerifiedImage]
    ) throws(ImagingError) -> InitramfsPlan {
        let selected = try selection(schematic, release)
        let layout = FileLayout(release.version)
        // The virtual extensions are numbered after the official ones and sorted with them.
        let total = selected.count + (schematic.embeddedMachineConfiguration.isEmpty ? 1 : 2)
        var layers: [InitramfsPlan.Layer] = []
        // One extension twice would be mounted twice, which overlayfs refuses. The topmost one stays.
        var seen: Set<Digest> = []
        for index in ExtensionSelection.layerOrder(total).reversed() {
            guard index < selected.count else {
                layers.append(index == selected.count ? .schematic : .embeddedConfiguration)
                continue
            }
            let official = selected[index]
            guard let image = images[official.digest] else {
                throw ImagingError(
                    .extensionNotImported,
                    "the extension '\(official.name)' (\(official.reference)@\(official.digest)) has not been imported for "
                        + "\(architecture)")
            }
            guard seen.insert(image.manifest).inserted else { continue }
            layers.append(
                .planned(.init(name: official.name, image: image, key: Self.segmentKey(image.manifest, layout))))
        }
        return InitramfsPlan(
            schematic: schematic, version: release.version, architecture: architecture, layout: layout,
            base: base.file, layers: layers.reversed())
    }

    /// The segment of one of a plan's extensions, built if it is not in the store.
    public func segment(
        of planned: InitramfsPlan.PlannedExtension, in plan: InitramfsPlan,
        isCancelled: @escaping CancellationCheck = { false }
    ) throws(ImagingError) -> ExtensionSegment {
        let segment = try extensionSegment(
            planned.image, named: planned.name, layout: plan.layout, isCancelled: isCancelled)
        try segment.requireCompatibility(with: plan.version)
        return segment
    }

    /// The initramfs of a plan:
    ///
    ///     microcode | the release's initramfs | a member for each extension | module dependencies | the schematic's member
    ///
    /// - Throws: `ImagingError`. Extensions that had been built until then stay in the store.
    public func initramfs(
        _ plan: InitramfsPlan, isCancelled: @escaping CancellationCheck = { false }
    ) throws(ImagingError) -> Composition {
        var segments: [ExtensionSegment] = []
        for planned in plan.extensions {
            segments.append(try segment(of: planned, in: plan, isCancelled: isCancelled))
        }
        let modules = try moduleSegment(of: plan, segments, isCancelled: isCancelled)
        return try compose(plan, segments, modules)
    }

    /// Joins what has been built.
    ///
    /// - Parameters:
    ///   - segments: those of the plan's extensions, in the plan's order.
    ///   - modules: what `moduleSegment` gave for them.
    public func compose(
        _ plan: InitramfsPlan, _ segments: [ExtensionSegment], _ modules: ModuleSegment?
    ) throws(ImagingError) -> Composition {
        var remaining = segments[...]
        var layers: [(image: String, manifest: ExtensionManifest)] = []
        var virtual: [(imageName: String, content: VirtualExtension)] = []
        for layer in plan.layers {
            switch layer {
            case .planned(let planned):
                guard let segment = remaining.popFirst() else {
                    throw ImagingError(.unexpected, "there is no segment for the extension '\(planned.name)'")
                }
                layers.append((segment.imageName, segment.manifest))
            case .schematic:
                let content = VirtualExtension.schematic(
                    plan.schematic, externalURL: externalURL,
                    includesText: plan.version.schematicExtensionCarriesSchematic)
                virtual.append(("schematic.sqsh", content))
                layers.append(("schematic.sqsh", content.manifest))
            case .embeddedConfiguration:
                let content = VirtualExtension.embeddedConfiguration(plan.schematic.embeddedMachineConfiguration)
                virtual.append(("embedded-config.sqsh", content))
                layers.append(("embedded-config.sqsh", content.manifest))
            }
        }
        if let modules { layers.append((ModuleSegment.imageName, modules.manifest)) }
        return try explaining("the initramfs of \(plan.schematic.id)") {
            let member = try SchematicMember.encode(
                virtual: virtual, configuration: extensionsConfiguration(layers: layers), layout: plan.layout)
            return Composition(
                try MicrocodeArchive.segments(
                    amd: segments.compactMap(\.amdMicrocode), intel: segments.compactMap(\.intelMicrocode))
                    + [.file(plan.base)] + segments.map { .file($0.member) }
                    + (modules.map { [.file($0.member)] } ?? []) + [.bytes(member)])
        }
    }
}

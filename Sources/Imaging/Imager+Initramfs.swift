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
    /// Finds out what an initramfs consists of, without building anything.
    ///
    /// - Throws: `ImagingError`: the release or an extension is not there, or the version does not support what the
    ///   schematic asks for.
    public func plan(
        schematic: Schematic, version: TalosVersion, architecture: Architecture
    ) throws(ImagingError) -> InitramfsPlan {
        try schematic.requireEmbeddedConfigurationSupport(in: version)
        try schematic.requireOverlaySupport(in: version)
        let found = try explaining("Talos \(version.tag)") { try source.release(version) }
        guard let release = found else {
            throw ImagingError(
                .releaseNotAvailable, "Talos \(version.tag) has not been imported; 'slipway release import' does that")
        }
        guard let base = release.bootFiles[architecture]?.initramfs else {
            throw ImagingError(
                .releaseNotAvailable,
                "Talos \(version.tag) has no initramfs for \(architecture) here; import its imager image")
        }
        let selected = try ExtensionSelection.select(
            schematic.officialExtensions, from: release.extensions, version: version)
        try schematic.requireOverlay(among: release.overlays, of: version)
        let layout = FileLayout(version)
        // The virtual extensions are numbered after the official ones and sorted with them.
        let total = selected.count + (schematic.embeddedMachineConfiguration.isEmpty ? 1 : 2)
        var layers: [InitramfsPlan.Layer] = []
        // One extension twice would be mounted twice, which overlayfs refuses. The topmost one stays. Names that mean an
        // image that was read already cost nothing: a schematic may repeat one forty thousand times.
        var seen: Set<Digest> = []
        var read: Set<Digest> = []
        for index in ExtensionSelection.layerOrder(total).reversed() {
            guard index < selected.count else {
                layers.append(index == selected.count ? .schematic : .embeddedConfiguration)
                continue
            }
            let official = selected[index]
            guard read.insert(official.digest).inserted else { continue }
            let image: VerifiedImage
            do { image = try source.extensionImage(official, architecture: architecture) } catch let error
                as ReleaseError
                where [.notImported, .refused].contains(error.code)
            {
                throw ImagingError(.extensionNotImported, "the extension '\(official.name)': \(error)")
            } catch {
                throw ImagingError(error, while: "the extension '\(official.name)'")
            }
            guard seen.insert(image.manifest).inserted else { continue }
            layers.append(
                .planned(.init(name: official.name, image: image, key: Self.segmentKey(image.manifest, layout))))
        }
        return InitramfsPlan(
            schematic: schematic, version: version, architecture: architecture, layout: layout, base: base,
            layers: layers.reversed())
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

    /// The initramfs of a schematic:
    ///
    ///     microcode | the release's initramfs | a member for each extension | module dependencies | the schematic's member
    ///
    /// - Throws: `ImagingError`. Extensions that had been built until then stay in the store.
    public func initramfs(
        schematic: Schematic, version: TalosVersion, architecture: Architecture,
        isCancelled: @escaping CancellationCheck = { false }
    ) throws(ImagingError) -> Composition {
        let plan = try plan(schematic: schematic, version: version, architecture: architecture)
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

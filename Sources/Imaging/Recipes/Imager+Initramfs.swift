import CPIO
import Compositions
import Digests
import Releases
import Schematics
import TalosModel
import Trust

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
        let selected = try ExtensionSelection.select(schematic.officialExtensions, from: release)
        try schematic.requireOverlay(of: release)
        let most = InitramfsPlan.mostLayers - virtualLayers(of: schematic)
        guard selected.count <= most else {
            throw ImagingError(
                .tooManyExtensions,
                "the schematic asks for \(selected.count) extensions, and no machine can mount more than \(most); leave some out"
            )
        }
        return selected
    }

    /// How many layers are made for the schematic itself.
    private static func virtualLayers(of schematic: Schematic) -> Int {
        schematic.embeddedMachineConfiguration.isEmpty ? 1 : 2
    }

    /// Finds out what an initramfs consists of. Nothing is read or built.
    ///
    /// - Parameters:
    ///   - base: The release's own initramfs for the architecture.
    ///   - images: By the digests that the release's catalog pins, the images for the architecture of what
    ///     ``extensions(for:of:)`` gives.
    /// - Throws: `ImagingError`: the release does not have what the schematic asks for, or its version does not support it.
    public static func plan(
        schematic: Schematic, release: ReleaseSummary, architecture: Architecture, base: StoredFile,
        images: [Digest: VerifiedImage]
    ) throws(ImagingError) -> InitramfsPlan {
        let selected = try selection(schematic, release)
        let layout = FileLayout(release.version)
        // The virtual extensions are numbered after the official ones and sorted with them.
        let total = selected.count + virtualLayers(of: schematic)
        var layers: [InitramfsPlan.Layer] = []
        for index in ExtensionSelection.layerOrder(total) {
            guard index < selected.count else {
                layers.append(
                    .init(number: index, content: index == selected.count ? .schematic : .embeddedConfiguration))
                continue
            }
            let official = selected[index]
            guard let image = images[official.digest] else {
                throw ImagingError(
                    .extensionNotImported,
                    "the extension '\(official.name)' (\(official.reference)@\(official.digest)) has not been imported for "
                        + "\(architecture)")
            }
            let key = ExtensionPart.key(image.manifest, layout)
            layers.append(
                .init(number: index, content: .planned(.init(name: official.name, image: image, key: key))))
        }
        return InitramfsPlan(
            schematic: schematic, version: release.version, architecture: architecture, layout: layout,
            base: base, layers: layers)
    }

    /// Joins what has been built.
    ///
    /// - Parameters:
    ///   - segments: those of the plan's extensions, in the plan's order.
    ///   - modules: the product of the ``ModulesPart`` for them, if they have one.
    public func compose(
        _ plan: InitramfsPlan, _ segments: [ExtensionSegment], _ modules: ModuleSegment?
    ) throws(ImagingError) -> Composition {
        let built = Dictionary(zip(plan.extensions.map(\.key), segments)) { first, _ in first }
        var archive = CPIOWriter()
        var parts: [Segment] = []
        var used: [ExtensionSegment] = []
        var layers: [(image: String, manifest: ExtensionManifest)] = []
        var virtual: [(imageName: String, content: VirtualExtension)] = []
        var descriptions = Allowance(
            limits.descriptionsLength, "bytes of what extensions say of themselves, all layers together")
        // An extension that is there twice has its firmware written with its last layer, where upstream's would count too.
        let topmost = Dictionary(
            plan.layers.compactMap { layer in
                if case .planned(let planned) = layer.content { (planned.key, layer.number) } else { nil }
            }
        ) { $1 }
        return try explaining("the initramfs of \(plan.schematic.id)") {
            for layer in plan.layers {
                switch layer.content {
                case .planned(let planned):
                    guard let segment = built[planned.key] else {
                        throw ImagingError(.unexpected, "there is no segment for the extension '\(planned.name)'")
                    }
                    parts += try segment.part.segments(
                        named: layer.imageName, layout: plan.layout, in: &archive,
                        withMembers: topmost[planned.key] == layer.number)
                    used.append(segment)
                    try descriptions.take(segment.manifest.textLength, "the extension '\(planned.name)'")
                    layers.append((layer.imageName, segment.manifest))
                case .schematic:
                    let content = VirtualExtension.schematic(
                        plan.schematic, externalURL: externalURL,
                        includesText: plan.version.schematicExtensionCarriesSchematic)
                    virtual.append((layer.imageName, content))
                    layers.append((layer.imageName, content.manifest))
                case .embeddedConfiguration:
                    let content = VirtualExtension.embeddedConfiguration(plan.schematic.embeddedMachineConfiguration)
                    virtual.append((layer.imageName, content))
                    layers.append((layer.imageName, content.manifest))
                }
            }
            if let modules {
                parts += try modules.part.segments(
                    named: ModuleSegment.imageName, layout: plan.layout, in: &archive)
                layers.append((ModuleSegment.imageName, modules.manifest))
            }
            let tail = try ArchiveTail.encode(
                virtual: virtual, configuration: extensionsConfiguration(layers: layers), layout: plan.layout,
                in: &archive)
            return Composition(
                try MicrocodeArchive.segments(
                    amd: used.compactMap(\.amdMicrocode), intel: used.compactMap(\.intelMicrocode))
                    + [.file(plan.base)] + parts + [.bytes(tail)])
        }
    }
}

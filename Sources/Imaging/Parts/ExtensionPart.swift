import Compositions
import Digests
import Foundation
import Schematics
import Stores
import TalosModel
import Trust

/// The segment of an extension, in the layout of some versions.
public struct ExtensionPart: Part {
    private let image: VerifiedImage
    private let layout: FileLayout
    /// The version whose initramfs it is for.
    private let version: TalosVersion
    /// The extension's name.
    public let name: String

    /// The segment of one of a plan's extensions.
    public init(_ planned: InitramfsPlan.PlannedExtension, in plan: InitramfsPlan) {
        self.init(planned.image, named: planned.name, layout: plan.layout, version: plan.version)
    }

    init(_ image: VerifiedImage, named name: String, layout: FileLayout, version: TalosVersion) {
        self.image = image
        self.name = name
        self.layout = layout
        self.version = version
    }

    public var key: PartKey { PartKey(kind: "extension", text: Self.key(image.manifest, layout)) }

    /// What the segment of an image is stored under.
    ///
    /// - Parameter image: the digest of the image's manifest for the architecture.
    static func key(_ image: Digest, _ layout: FileLayout) -> String { "\(image.hexadecimal)-\(layout.key)" }

    public func stored(in imager: Imager) throws(ImagingError) -> ExtensionSegment? {
        try imager.storedExtensionSegment(image.manifest, layout: layout)
    }

    public func build(
        in imager: Imager, isCancelled: @escaping CancellationCheck
    ) throws(ImagingError) -> ExtensionSegment {
        try imager.buildExtensionSegment(image, named: name, layout: layout, isCancelled: isCancelled)
    }

    public func check(_ product: ExtensionSegment) throws(ImagingError) {
        try product.requireCompatibility(with: version)
    }
}

extension Imager {
    func storedExtensionSegment(_ image: Digest, layout: FileLayout) throws(ImagingError) -> ExtensionSegment? {
        try explaining("the segment of \(image)") {
            guard
                let record = try store.usableRecord(
                    ExtensionPart.key(image, layout), as: ExtensionSegmentRecord.self),
                let member = try store.usableBlob(record.member),
                let part = ArchivePart(
                    member, imageSize: record.imageSize, membersSize: record.firmwareSize, layout: layout),
                let manifest = try? ExtensionManifest(decoding: [UInt8](record.manifest))
            else { return nil }
            var segment = ExtensionSegment(part: part, manifest: manifest, hasModules: record.hasModules)
            if let digest = record.intelMicrocode {
                guard let blob = try store.usableBlob(digest) else { return nil }
                segment.intelMicrocode = blob
            }
            if let digest = record.amdMicrocode {
                guard let blob = try store.usableBlob(digest) else { return nil }
                segment.amdMicrocode = blob
            }
            return segment
        }
    }

    fileprivate func buildExtensionSegment(
        _ image: VerifiedImage, named name: String, layout: FileLayout, isCancelled: @escaping CancellationCheck
    ) throws(ImagingError) -> ExtensionSegment {
        let subject = "the extension '\(name)' (\(image.manifest))"
        return try explaining(subject) {
            let spool = try Spool(in: temporaryDirectory, isCancelled: isCancelled)
            let contents = try flatten(image, subject: subject, into: spool, isCancelled: isCancelled)
            let manifest: ExtensionManifest
            do {
                manifest = try ExtensionManifest(decoding: contents.manifest)
                _ = try VersionRange(parsing: manifest.talosVersions)
            } catch {
                throw ImagingError(.invalidExtension, "\(subject): \(error)")
            }
            let hasModules = contents.rootfs.descendant(layout.modulesPath)?.isDirectory ?? false
            let split = try FirmwareSplit(
                of: contents.rootfs, layout: layout, limits: limits, subject: subject, isCancelled: isCancelled)

            let staging = TreeNode.directory()
            if let firmware = split.firmware {
                staging.makeDirectory(layout.libraryPath).children["firmware"] = firmware
            }
            let (squashed, member, firmwareSize) = try share.withProcessor(isCancelled) {
                let squashed = try spool.squash(contents.rootfs, layout: layout, share: share)
                var size: UInt64 = 0
                let member = try store.stage(expecting: nil, limit: limits.contentLength) { writer in
                    size = try spool.writePart(squashed, staging, layout: layout) { try writer.write($0) }
                }
                return (squashed, member, size)
            }
            let intel = try stage(split.intelMicrocode, of: spool)
            let amd = try stage(split.amdMicrocode, of: spool)
            let record = ExtensionSegmentRecord(
                member: member.file.digest, imageSize: squashed.size, firmwareSize: firmwareSize,
                intelMicrocode: intel?.file.digest, amdMicrocode: amd?.file.digest, manifest: Data(contents.manifest),
                hasModules: hasModules)
            try store.publish(
                [member, intel, amd].compactMap { $0 }, [(ExtensionPart.key(image.manifest, layout), record)])
            guard let segment = try storedExtensionSegment(image.manifest, layout: layout) else {
                throw ImagingError(.unexpected, "\(subject) was stored and is not in the store")
            }
            return segment
        }
    }

    /// Reads an extension's image.
    func flatten(
        _ image: VerifiedImage, subject: String, into spool: Spool, isCancelled: @escaping CancellationCheck
    ) throws(ImagingError) -> ExtensionContents {
        let flattener = LayerFlattener(subject: subject, spool: spool, limits: limits, isCancelled: isCancelled)
        for layer in image.layers { try flattener.apply(layer.file) }
        return try ExtensionContents(flattener.root, spool: spool, subject: subject)
    }

    private func stage(_ contents: [SpooledContent], of spool: Spool) throws -> StagedBlob? {
        guard !contents.isEmpty else { return nil }
        return try store.stage(expecting: nil, limit: limits.contentLength) { writer in
            for content in contents { try spool.read(content) { try writer.write($0) } }
        }
    }
}

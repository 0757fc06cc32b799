import Compositions
import Digests
import Foundation
import Schematics
import Stores
import TalosModel
import Trust

extension Imager {
    /// The key under which an extension's segment is stored, and by which two builds are the same.
    public static func segmentKey(_ image: Digest, _ layout: FileLayout) -> String {
        "\(image.hexadecimal)-\(layout.key)"
    }

    /// The segment of an extension if it has been built before.
    ///
    /// - Parameter image: the digest of the image's manifest for the architecture.
    public func storedExtensionSegment(_ image: Digest, layout: FileLayout) throws(ImagingError) -> ExtensionSegment? {
        try explaining("the segment of \(image)") {
            guard
                let record = try store.usableRecord(
                    Self.segmentKey(image, layout), as: ExtensionSegmentRecord.self),
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

    /// The segment of an extension, built if it is not in the store. A build that fails stores nothing.
    ///
    /// - Parameters:
    ///   - name: what errors call the extension.
    ///   - isCancelled: asked often during a build.
    public func extensionSegment(
        _ image: VerifiedImage, named name: String, layout: FileLayout,
        isCancelled: @escaping CancellationCheck = { false }
    ) throws(ImagingError) -> ExtensionSegment {
        if let stored = try storedExtensionSegment(image.manifest, layout: layout) { return stored }
        return try buildExtensionSegment(image, named: name, layout: layout, isCancelled: isCancelled)
    }

    private func buildExtensionSegment(
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
                [member, intel, amd].compactMap { $0 }, [(Self.segmentKey(image.manifest, layout), record)])
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

import CPIO
import Compositions
import Compression
import Digests
import Foundation
import Schematics
import Stores
import TalosModel
import Trust

/// The module dependencies of a release together with a set of extensions.
public struct ModuleSegment: Hashable, Sendable {
    /// The squashfs image.
    public var part: ArchivePart
    /// The kernel's release, as 6.18.1-talos.
    public var kernelRelease: String

    /// The name of the squashfs image in the archive.
    public static let imageName = "modules.dep.sqsh"

    /// How `extensions.yaml` describes it. The version of the format is the kernel's release: so it is in the original, and
    /// nothing reads it.
    var manifest: ExtensionManifest {
        ExtensionManifest(
            formatVersion: kernelRelease, name: "modules.dep", version: kernelRelease, author: "Talos Machinery",
            description: "Combined modules.dep for all extensions")
    }
}

/// The module dependencies of a release together with those of a plan's extensions that have modules.
public struct ModulesPart: Part {
    private let plan: InitramfsPlan
    /// Those that have modules, in the plan's order, which matters where two bring the same file.
    private let extensions: [InitramfsPlan.PlannedExtension]
    public let key: PartKey

    /// The module dependencies of a plan; nil if none of its extensions has modules.
    ///
    /// - Parameter segments: those of the plan's extensions, in the plan's order.
    public init?(_ plan: InitramfsPlan, _ segments: [ExtensionSegment]) {
        extensions = zip(plan.extensions, segments).filter { $1.hasModules }.map(\.0)
        guard !extensions.isEmpty else { return nil }
        let inputs = [plan.base.digest.hexadecimal, plan.layout.key] + extensions.map(\.image.manifest.hexadecimal)
        key = PartKey(kind: "modules.dep", text: Digest.of(inputs.joined(separator: "\n")).hexadecimal)
        self.plan = plan
    }

    public var name: String { plan.version.tag }

    public func stored(in imager: Imager) throws(ImagingError) -> ModuleSegment? {
        try explaining("the module dependencies \(key.text)") {
            guard let record = try imager.store.usableRecord(key.text, as: ModuleSegmentRecord.self),
                let member = try imager.store.usableBlob(record.member),
                let part = ArchivePart(member, imageSize: record.imageSize, membersSize: 0, layout: plan.layout)
            else { return nil }
            return ModuleSegment(part: part, kernelRelease: record.kernelRelease)
        }
    }

    /// - Throws: `ImagingError`; with code `missingProgram` if `unsquashfs` or `depmod` is not installed.
    public func build(in imager: Imager, isCancelled: @escaping CancellationCheck) throws(ImagingError) -> ModuleSegment
    {
        try explaining("the module dependencies for Talos \(plan.version.tag)") {
            try imager.buildModuleSegment(plan, extensions, key: key.text, isCancelled: isCancelled)
        }
    }
}

extension Imager {
    fileprivate func buildModuleSegment(
        _ plan: InitramfsPlan, _ extensions: [InitramfsPlan.PlannedExtension], key: String,
        isCancelled: @escaping CancellationCheck
    ) throws -> ModuleSegment {
        let work = try WorkFolder(in: temporaryDirectory)
        let rootfs = "\(work.path)/rootfs.sqsh"
        try extractRootFileSystem(of: plan.base, to: rootfs, isCancelled: isCancelled)
        let modulesPath = plan.layout.modulesPath.path
        try ExternalProgram.unsquashfs.run(
            [
                // Queues of 64 MiB instead of 256, and threads, which want memory too.
                "-no-xattrs", "-processors", String(min(share.count, 4)), "-da", "64", "-fr", "64", "-d", "tree", "-f",
                "-n", "rootfs.sqsh", modulesPath,
            ], in: work.path, limits: .init(fileLength: limits.contentLength), isCancelled: isCancelled)
        try FileManager.default.removeItem(atPath: rootfs)

        let modules = "\(work.path)/tree/\(modulesPath)"
        let releases = (try? FileManager.default.contentsOfDirectory(atPath: modules)) ?? []
        guard let kernelRelease = releases.first, releases.count == 1 else {
            throw ImagingError(
                .invalidBase,
                "the root file system of Talos \(plan.version.tag) has \(releases.count) kernel releases in "
                    + "/\(modulesPath), and not one")
        }
        // depmod would take anything else for no version, and go on with that of this machine's own kernel.
        guard ModuleLists.isKernelRelease(kernelRelease) else {
            throw ImagingError(
                .invalidBase,
                "the root file system of Talos \(plan.version.tag) has /\(modulesPath)/\(kernelRelease.prefix(200)), "
                    + "which is no kernel's release, as 6.18.1-talos is")
        }
        var allowance = Allowance(limits.contentLength, "bytes of kernel modules, all extensions together")
        for planned in extensions {
            let subject = "the extension '\(planned.name)' (\(planned.image.manifest))"
            let spool = try Spool(in: temporaryDirectory, isCancelled: isCancelled)
            let contents = try flatten(planned.image, subject: subject, into: spool, isCancelled: isCancelled)
            guard
                let tree = contents.rootfs.descendant(plan.layout.modulesPath + [FileName(kernelRelease.utf8)]),
                tree.isDirectory
            else {
                throw ImagingError(
                    .incompatibleExtension,
                    "\(subject) has modules for another kernel than Talos \(plan.version.tag), whose kernel is "
                        + "\(kernelRelease)")
            }
            try work.write(
                tree, of: spool, to: "\(modules)/\(kernelRelease)", subject: subject, within: &allowance,
                where: ModuleLists.isRead)
        }
        // An empty configuration, so that this machine's own does not have a say.
        try Data().write(to: URL(filePath: "\(work.path)/depmod.conf"))
        // depmod makes paths absolute. This one leads to the folder it runs in without going through those above.
        let here = "/proc/self/cwd"
        try ExternalProgram.depmod.run(
            [
                "--all", "--basedir", "\(here)/tree" + (plan.layout.hasMergedUsr ? "/usr" : ""), "--config",
                "\(here)/depmod.conf", "--", kernelRelease,
            ], in: work.path, limits: .init(fileLength: limits.moduleListsLength), isCancelled: isCancelled)

        let spool = try Spool(in: temporaryDirectory, isCancelled: isCancelled)
        let tree = TreeNode.directory()
        let target = tree.makeDirectory(plan.layout.modulesPath + [FileName(kernelRelease.utf8)])
        target.children = try ModuleLists.collect(
            from: "\(modules)/\(kernelRelease)", into: spool, limit: limits.moduleListsLength)
        let (image, member) = try share.withProcessor(isCancelled) {
            let image = try spool.squash(tree, layout: plan.layout, share: share)
            let member = try store.stage(expecting: nil, limit: limits.contentLength) { writer in
                _ = try spool.writePart(image, TreeNode.directory(), layout: plan.layout) { try writer.write($0) }
            }
            return (image, member)
        }
        let record = ModuleSegmentRecord(
            member: member.file.digest, imageSize: image.size, kernelRelease: kernelRelease)
        try store.publish([member], [(key, record)])
        return ModuleSegment(
            part: ArchivePart(file: member.file, imageSize: image.size, membersSize: 0), kernelRelease: kernelRelease)
    }

    /// Takes `rootfs.sqsh` out of a release's initramfs.
    private func extractRootFileSystem(
        of base: StoredFile, to path: String, isCancelled: CancellationCheck
    ) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw ImagingError(.temporaryFile, "cannot write \(path)")
        }
        let target = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? target.close() }
        let reader = CPIOReader()
        var decompressor: Decompressor?
        var isInside = false
        var found = false
        func take(_ bytes: UnsafeRawBufferPointer) throws {
            try ImagingError.check(isCancelled)
            try reader.write(bytes) { event in
                switch event {
                case .entry(let entry):
                    isInside = entry.path == "rootfs.sqsh" || entry.path == "./rootfs.sqsh"
                    found = found || isInside
                case .data(let data): if isInside { try target.write(contentsOf: Data(data)) }
                case .end, .trailer: isInside = false
                }
            }
        }
        do {
            try base.read { piece in
                if decompressor == nil {
                    guard let format = CompressionFormat(sniffing: piece.prefix(CompressionFormat.magicLength)) else {
                        throw ImagingError(.invalidBase, "the release's initramfs is neither zstd nor xz")
                    }
                    decompressor = try Decompressor(format, outputLimit: limits.contentLength)
                }
                try decompressor?.write(piece, to: take)
            }
            try decompressor?.finish(to: take)
            try reader.finish()
        } catch let error as CompressionError {
            throw ImagingError(.invalidBase, "the release's initramfs: \(error)")
        } catch let error as CPIOError {
            throw ImagingError(.invalidBase, "the release's initramfs: \(error)")
        }
        guard found else { throw ImagingError(.invalidBase, "the release's initramfs has no 'rootfs.sqsh'") }
    }
}

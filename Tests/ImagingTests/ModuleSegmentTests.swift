import CPIO
import Compositions
import Compression
import Digests
import Foundation
import Glibc
import Schematics
import SquashFS
import Stores
import TalosModel
import TarArchives
import Testing
import Trust

@testable import Imaging

private let kernel = "6.18.1-talos"

/// A relocatable object with nothing but what depmod reads: a module's name, dependencies and aliases.
private func module(name: String, alias: String) -> [UInt8] {
    // Three sections: none, .modinfo, and the names of sections.
    let information = Array("license=GPL\0name=\(name)\0alias=\(alias)\0depends=\0vermagic=\(kernel) SMP\0".utf8)
    let names = Array("\0.modinfo\0.shstrtab\0".utf8)
    func little(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let namesOffset = 64 + information.count
    let sections = namesOffset + names.count
    var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    // ET_REL for x86-64.
    bytes += little(1, 2) + little(62, 2) + little(1, 4) + little(0, 8) + little(0, 8) + little(UInt64(sections), 8)
    bytes += little(0, 4) + little(64, 2) + little(0, 2) + little(0, 2) + little(64, 2) + little(3, 2) + little(2, 2)
    bytes += information + names
    func section(_ name: Int, _ type: UInt64, _ offset: Int, _ size: Int) -> [UInt8] {
        little(UInt64(name), 4) + little(type, 4) + little(0, 8) + little(0, 8) + little(UInt64(offset), 8)
            + little(UInt64(size), 8) + little(0, 4) + little(0, 4) + little(1, 8) + little(0, 8)
    }
    bytes += [UInt8](repeating: 0, count: 64) + section(1, 1, 64, information.count)
    bytes += section(10, 3, namesOffset, names.count)
    return bytes
}

/// A release's initramfs with a root file system that has these files.
private func base(_ files: [(path: String, content: [UInt8])], _ settings: CompressionSettings) throws -> [UInt8] {
    var directories: Set<String> = [""]
    var entries: [SquashFSEntry] = []
    for (index, file) in files.enumerated() {
        let components = file.path.split(separator: "/")
        for count in components.indices.dropFirst() { directories.insert(components[..<count].joined(separator: "/")) }
        entries.append(
            SquashFSEntry(
                path: file.path, kind: .file(.init(id: index, size: UInt64(file.content.count))), permissions: 0o644))
    }
    entries += directories.map { SquashFSEntry(path: $0, kind: .directory, permissions: 0o755) }
    let image = try SquashFSPlan(entries, compression: .zstd, modificationTime: 0).encode(
        reading: { index, sink in try files[index].content.withUnsafeBytes(sink) },
        compressing: { $0.map { _ in nil } })
    return try compress(
        try CPIOWriter.encode([
            (.directory(".", modificationTime: 0), []), (.file("init", size: 1, modificationTime: 0), [1]),
            (.file("rootfs.sqsh", size: 0, modificationTime: 0), image),
        ]), settings)
}

@Suite struct ModuleSegmentTests {
    @Test(arguments: [
        (TalosVersion(1, 13, 5), "usr/lib/modules", CompressionSettings.zstd(level: 1)),
        (TalosVersion(1, 7, 0), "lib/modules", .xz(preset: 0)),
    ])
    func dependenciesOfAllModulesTogether(version: TalosVersion, path: String, settings: CompressionSettings)
        async throws
    {
        var releases = try TestReleases()
        let base = try base(
            [
                ("\(path)/\(kernel)/kernel/base.ko", module(name: "base", alias: "pci:base")),
                ("\(path)/\(kernel)/modules.builtin", []),
                ("\(path)/\(kernel)/modules.order", Array("kernel/base.ko\n".utf8)),
                ("etc/other", [1]),
            ], settings)
        let one = try releases.image([
            layer([file("rootfs/\(path)/\(kernel)/extras/one.ko", module(name: "one", alias: "pci:one"))], name: "one")
        ])
        let two = try releases.image([
            layer([file("rootfs/\(path)/\(kernel)/extras/two.ko", module(name: "two", alias: "pci:two"))], name: "two")
        ])
        let plain = try releases.image([layer([file("rootfs/x", [1])], name: "plain")])
        try releases.add(version, base: base, [("a/one", one), ("a/plain", plain), ("a/two", two)])
        let imager = releases.imager()
        let schematic = try Schematic(
            decoding: Array("customization: {systemExtensions: {officialExtensions: [a/one, a/plain, a/two]}}".utf8))
        let plan = try imager.plan(schematic: schematic, version: version, architecture: .amd64)
        let segments = try plan.extensions.map { try imager.segment(of: $0, in: plan) }
        #expect(segments.map(\.hasModules) == [true, false, true])
        let modules = try #require(try imager.moduleSegment(of: plan, segments))
        #expect(modules.kernelRelease == kernel)
        let member = try Member(modules.part, named: ModuleSegment.imageName, layout: plan.layout)
        #expect(member.paths == ["modules.dep.sqsh"])
        let image = try UnpackedImage(try #require(member["modules.dep.sqsh"]))
        let folder = "\(path)/\(kernel)"
        let dependencies = String(decoding: try #require(image.content(folder + "/modules.dep")), as: UTF8.self)
        #expect(
            dependencies.split(separator: "\n").sorted() == ["extras/one.ko:", "extras/two.ko:", "kernel/base.ko:"])
        let aliases = String(decoding: try #require(image.content(folder + "/modules.alias")), as: UTF8.self)
        for alias in ["alias pci:base base", "alias pci:one one", "alias pci:two two"] {
            #expect(aliases.contains(alias))
        }
        // Nothing but lists.
        #expect(
            image.paths.allSatisfy {
                folder.hasPrefix($0) || ($0.hasPrefix(folder + "/modules.") && !$0.hasSuffix(".ko"))
            })
        #expect(image.mode(path) == "drwxr-xr-x")

        // The initramfs has it as the last layer, and everything is in the store by now.
        let blobs = releases.blobCount
        let composition = try await imager.initramfs(schematic: schematic, version: version, architecture: .amd64)
        #expect(releases.blobCount == blobs)
        #expect(releases.leftovers == [])
        #expect(composition.files.contains(modules.part.file))
        let archive = try bytes(of: composition).dropFirst(Int(plan.base.length))
        let configuration = String(
            decoding: try #require(try Member(Array(archive))["extensions.yaml"]), as: UTF8.self)
        let images = configuration.split(separator: "\n").filter { $0.contains("image: ") }
        #expect(images.last?.hasSuffix("modules.dep.sqsh") == true)
        #expect(images.count == 5)
        #expect(configuration.contains("Combined modules.dep for all extensions"))
    }

    /// What an initramfs with these files among an extension's modules comes to.
    private func build(
        _ files: [TarMember], base files2: [(path: String, content: [UInt8])]? = nil,
        limits: ExtractionLimits = ExtractionLimits()
    ) throws -> (modules: UnpackedImage, extension: UnpackedImage) {
        var releases = try TestReleases()
        let version = TalosVersion(1, 13, 5)
        let image = try releases.image([layer(files)])
        try releases.add(
            version,
            base: try base(
                files2 ?? [("usr/lib/modules/\(kernel)/modules.order", Array("kernel/base.ko\n".utf8))], .zstd(level: 1)
            ),
            [("a/b", image)])
        let imager = releases.imager(limits: limits)
        let plan = try imager.plan(
            schematic: try Schematic(
                decoding: Array("customization: {systemExtensions: {officialExtensions: [a/b]}}".utf8)),
            version: version, architecture: .amd64)
        let blobs = releases.blobCount
        let segments = try plan.extensions.map { try imager.segment(of: $0, in: plan) }
        let segment = try #require(segments.first)
        do {
            let modules = try #require(try imager.moduleSegment(of: plan, segments))
            #expect(releases.leftovers == [])
            return (
                try UnpackedImage(
                    try #require(try Member(modules.part, named: ModuleSegment.imageName)[ModuleSegment.imageName])),
                try UnpackedImage(
                    try #require(try Member(segment.part)[imageName]))
            )
        } catch {
            #expect(releases.leftovers == [])
            #expect(releases.blobCount == blobs + 1)
            throw error
        }
    }

    private let folder = "usr/lib/modules/\(kernel)"

    /// Only lists that kmod knows are read again; whatever else is called so stays in the extension's own image, where the
    /// machine sees it all the same.
    @Test func filesThatOnlyLookLikeListsAreNotRead() throws {
        let odd = [UInt8](repeating: 0, count: 20 << 20)
        var limits = ExtractionLimits()
        limits.moduleListsLength = 1 << 20
        let (modules, image) = try build(
            [
                file("rootfs/\(folder)/modules.zzz", odd),
                file("rootfs/\(folder)/modules.dep", Array("forged:\n".utf8)),
                file("rootfs/\(folder)/modules.weakdep.bin", [1]),
                file("rootfs/\(folder)/one.ko", module(name: "one", alias: "pci:one")),
                file("rootfs/\(folder)/modules.builtin.modinfo", Array("one.license=GPL\0".utf8)),
            ], limits: limits)
        #expect(modules.content(folder + "/modules.dep") == Array("one.ko:\n".utf8))
        #expect(modules.content(folder + "/modules.order") == Array("kernel/base.ko\n".utf8))
        #expect(modules.content(folder + "/modules.builtin.modinfo") == Array("one.license=GPL\0".utf8))
        #expect(modules.content(folder + "/modules.zzz") == nil)
        #expect(modules.content(folder + "/modules.weakdep.bin") == nil)
        #expect(image.content(folder + "/modules.zzz") == odd)
        #expect(image.content(folder + "/modules.dep") == Array("forged:\n".utf8))
    }

    @Test func listsAreLimited() throws {
        var limits = ExtractionLimits()
        limits.moduleListsLength = 100_000
        let lines = [UInt8](repeating: UInt8(ascii: "\n"), count: 60_000)
        _ = try build([file("rootfs/\(folder)/modules.order", lines)], limits: limits)
        let error = #expect(throws: ImagingError.self) {
            try build(
                [file("rootfs/\(folder)/modules.order", lines), file("rootfs/\(folder)/modules.builtin", lines)],
                limits: limits)
        }
        #expect(error?.code == .limitExceeded)
        #expect(
            error?.message.contains("more than 100000 bytes of lists of kernel modules") == true,
            "\(error?.message ?? "")")
    }

    /// Hard links are one file in an image, and one for each name in the folder where depmod looks.
    @Test func modulesAreLimitedInAll() throws {
        var limits = ExtractionLimits()
        limits.contentLength = 300_000
        let content = module(name: "one", alias: "pci:one") + [UInt8](repeating: 0, count: 20_000)
        func links(_ count: Int) -> [TarMember] {
            [file("rootfs/\(folder)/one.ko", content)]
                + (0..<count).map { hardLink("rootfs/\(folder)/one\($0).ko", to: "rootfs/\(folder)/one.ko") }
        }
        #expect(try build(links(5), limits: limits).modules.content(folder + "/modules.dep") != nil)
        let error = #expect(throws: ImagingError.self) { try build(links(20), limits: limits) }
        #expect(error?.code == .limitExceeded)
    }

    /// The kernel's release is a folder's name, and depmod would take these for options, or for no version at all.
    @Test(arguments: ["--version", "-n", "kernel", "6", "6.1 x"])
    func folderNamesThatAreNoReleasesAreNamed(name: String) throws {
        let error = #expect(throws: ImagingError.self) {
            try build(
                [file("rootfs/usr/lib/modules/\(name)/a.ko", [1])],
                base: [("usr/lib/modules/\(name)/modules.order", [])])
        }
        #expect(error?.code == .invalidBase)
        #expect(
            error?.message.contains("/usr/lib/modules/\(name), which is no kernel's release") == true,
            "\(error?.message ?? "")")
    }

    /// Compared with Talos' own imager: links among modules are left to the extension's image, where the imager gives up.
    @Test func linksAndDamageAmongModules() throws {
        let (modules, image) = try build([
            link("rootfs/\(folder)/build", to: "/usr/src/linux"), file("rootfs/\(folder)/bad.ko", [1, 2, 3]),
            file("rootfs/\(folder)/one.ko", module(name: "one", alias: "pci:one")),
            link("rootfs/\(folder)/two.ko", to: "one.ko"),
        ])
        let dependencies = String(decoding: try #require(modules.content(folder + "/modules.dep")), as: UTF8.self)
        #expect(dependencies.split(separator: "\n").contains("one.ko:"))
        #expect(!dependencies.contains("two.ko"))
        #expect(image.linkTarget(folder + "/build") == "/usr/src/linux")
    }

    @Test(arguments: [[directory("rootfs/usr/lib/modules")], [file("rootfs/usr/lib/modules/6.0.0/a.ko", [1])]])
    func modulesForNoOrAnotherKernel(members: [TarMember]) throws {
        let error = #expect(throws: ImagingError.self) { try build(members) }
        #expect(error?.code == .incompatibleExtension)
    }

    /// The service's own user may enter the folders above; its programs have no right to do so as root.
    @Test func foldersAboveMayBeClosedToOthers() async throws {
        let outer = try TestFolder()
        var releases = try TestReleases()
        let version = TalosVersion(1, 13, 5)
        let one = try releases.image([
            layer([file("rootfs/\(folder)/one.ko", module(name: "one", alias: "pci:one"))])
        ])
        try releases.add(version, base: try base([("\(folder)/modules.order", [])], .zstd(level: 1)), [("a/one", one)])
        let closed = outer.path + "/closed/work"
        try FileManager.default.createDirectory(atPath: closed, withIntermediateDirectories: true)
        #expect(chown(outer.path + "/closed", 65534, 65534) == 0 && chmod(outer.path + "/closed", 0o700) == 0)
        let imager = releases.imager(temporaryDirectory: closed)
        let composition = try await imager.initramfs(
            schematic: try Schematic(
                decoding: Array("customization: {systemExtensions: {officialExtensions: [a/one]}}".utf8)),
            version: version, architecture: .amd64)
        #expect(composition.files.count == 3)
    }

    @Test func theFolderForTemporaryFilesMayBeRelative() async throws {
        var releases = try TestReleases()
        let version = TalosVersion(1, 13, 5)
        let one = try releases.image([
            layer([file("rootfs/usr/lib/modules/\(kernel)/one.ko", module(name: "one", alias: "pci:one"))])
        ])
        try releases.add(
            version, base: try base([("usr/lib/modules/\(kernel)/modules.order", [])], .zstd(level: 1)),
            [("a/one", one)])
        let depth = FileManager.default.currentDirectoryPath.split(separator: "/").count
        let up = String(repeating: "../", count: depth)
        let imager = releases.imager(temporaryDirectory: up + releases.folder.path.dropFirst() + "/tmp")
        let schematic = try Schematic(
            decoding: Array("customization: {systemExtensions: {officialExtensions: [a/one]}}".utf8))
        let composition = try await imager.initramfs(schematic: schematic, version: version, architecture: .amd64)
        #expect(composition.files.count == 3)
        #expect(releases.leftovers == [])
    }

    @Test func anotherKernelIsAnError() async throws {
        var releases = try TestReleases()
        let version = TalosVersion(1, 13, 5)
        let image = try releases.image([layer([file("rootfs/usr/lib/modules/5.15.0/a.ko", [1])])])
        try releases.add(
            version, base: try base([("usr/lib/modules/\(kernel)/modules.order", [])], .zstd(level: 1)),
            [("a/b", image)])
        let imager = releases.imager()
        let error = await #expect(throws: ImagingError.self) {
            try await imager.initramfs(
                schematic: try Schematic(
                    decoding: Array("customization: {systemExtensions: {officialExtensions: [a/b]}}".utf8)),
                version: version, architecture: .amd64)
        }
        #expect(error?.code == .incompatibleExtension)
        #expect(error?.message.contains(kernel) == true)
        #expect(releases.leftovers == [])
    }

    @Test(arguments: ["no root file system", "not compressed", "cut off", "no modules"])
    func brokenReleasesAreNamed(fault: String) async throws {
        var releases = try TestReleases()
        let version = TalosVersion(1, 13, 5)
        let good = try base([("etc/other", [1])], .zstd(level: 1))
        let archive = try CPIOWriter.encode([(.file("init", size: 1, modificationTime: 0), [1])])
        let bytes: [UInt8] =
            switch fault {
            case "no root file system": try compress(archive, .zstd(level: 1))
            case "not compressed": archive
            case "cut off": Array(good.dropLast(20))
            default: good
            }
        let image = try releases.image([layer([file("rootfs/usr/lib/modules/\(kernel)/a.ko", [1])])])
        try releases.add(version, base: bytes, [("a/b", image)])
        let imager = releases.imager()
        let error = await #expect(throws: ImagingError.self) {
            try await imager.initramfs(
                schematic: try Schematic(
                    decoding: Array("customization: {systemExtensions: {officialExtensions: [a/b]}}".utf8)),
                version: version, architecture: .amd64)
        }
        #expect([.invalidBase, .programFailed].contains(error?.code))
    }
}

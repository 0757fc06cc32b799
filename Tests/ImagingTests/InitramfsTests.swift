import CPIO
import Compositions
import Compression
import Digests
import Foundation
import Imaging
import Releases
import Schematics
import SquashFS
import Stores
import Synchronization
import TalosModel
import TarArchives
import Testing
import Trust

private let version = TalosVersion(1, 13, 5)

private func schematic(_ text: String) throws -> Schematic { try Schematic(decoding: Array(text.utf8)) }

private func schematic(extensions names: [String]) throws -> Schematic {
    try schematic(
        "customization: {systemExtensions: {officialExtensions: [\(names.joined(separator: ", "))]}}")
}

/// What an initramfs consists of, taken apart again.
private struct Parts {
    var microcode: Member?
    /// The second archive, behind the release's own.
    var extensions: Member
    /// The same, compressed.
    var bytes: [UInt8]

    init(_ composition: Composition, base: [UInt8]) throws {
        let all = try ImagingTests.bytes(of: composition)
        let start = try #require(all.firstRange(of: base)?.lowerBound)
        if start > 0 {
            microcode = try Member(archive: Array(all[..<start]))
            #expect(start.isMultiple(of: 512))
        }
        bytes = Array(all[(start + base.count)...])
        extensions = try Member(bytes)
    }

    var configuration: String { String(decoding: extensions["extensions.yaml"] ?? [], as: UTF8.self) }
    /// The images in extensions.yaml.
    var layers: [String] {
        configuration.split(separator: "\n").compactMap { line in
            line.firstRange(of: "- image: ").map { String(line[$0.upperBound...]) }
        }
    }
}

@Suite struct InitramfsTests {
    var releases: TestReleases
    let base: [UInt8]

    init() throws {
        releases = try TestReleases()
        base = try compress(
            try CPIOWriter.encode([(.file("init", size: 4, modificationTime: 0), Array("init".utf8))]), .zstd(level: 3))
    }

    @Test func theEmptySchematicHasItsVirtualExtension() async throws {
        var releases = releases
        try releases.add(version, base: base, [])
        let schematic = try schematic("customization: {}")
        let composition = try await releases.imager().initramfs(
            schematic: schematic, version: version, architecture: .amd64)
        #expect(composition.segments.count == 2)
        let parts = try Parts(composition, base: base)
        #expect(parts.extensions.paths == ["0.sqsh", "extensions.yaml"])
        let image = try UnpackedImage(try #require(parts.extensions["0.sqsh"]))
        #expect(
            image.paths == [
                "usr", "usr/local", "usr/local/share", "usr/local/share/schematic",
                "usr/local/share/schematic/376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba",
            ])
        #expect(parts.layers == ["0.sqsh"])
        #expect(parts.configuration.contains("name: schematic"))
        #expect(parts.configuration.contains("author: Image Factory (https://factory.example)"))
        #expect(parts.configuration.contains("version: \(schematic.id)"))
        #expect(parts.configuration.contains("extraInfo: |"))
    }

    @Test func extraInfoBeginsWith17AndZstdWith18() async throws {
        var releases = releases
        for (version, hasInfo, format) in [
            (TalosVersion(1, 6, 9), false, CompressionFormat.xz), (TalosVersion(1, 7, 0), true, .xz),
            (TalosVersion(1, 8, 0), true, .zstd),
        ] {
            try releases.add(version, base: base, [])
            let composition = try await releases.imager().initramfs(
                schematic: try schematic("customization: {}"), version: version, architecture: .arm64)
            let parts = try Parts(composition, base: base)
            #expect(parts.configuration.contains("extraInfo") == hasInfo)
            #expect(CompressionFormat(sniffing: parts.bytes) == format)
        }
    }

    @Test func moreThanTenExtensionsAreOrderedAsText() async throws {
        var releases = releases
        let names = (0..<11).map { "siderolabs/e\($0)" }
        var images: [VerifiedImage] = []
        for name in names {
            images.append(try releases.image([layer([file("rootfs/x", Array(name.utf8))], name: name)]))
        }
        try releases.add(version, base: base, Array(zip(names, images)))
        let text =
            """
            customization:
              systemExtensions: {officialExtensions: [\(names.joined(separator: ", "))]}
              embeddedMachineConfiguration: "machine: {}"
            """
        let plan = try releases.imager().plan(
            schematic: try schematic(text), version: version, architecture: .amd64)
        // The schematic is number 11, the embedded configuration number 12.
        let order = [0, 1, 10, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9]
        #expect(plan.extensions.map(\.name) == order.filter { $0 < 11 }.map { names[$0] })
        let composition = try await releases.imager().initramfs(
            schematic: try schematic(text), version: version, architecture: .amd64)
        let parts = try Parts(composition, base: base)
        #expect(parts.layers == order.map { "\($0).sqsh" })
        #expect(Set(parts.extensions.paths) == Set(parts.layers + ["extensions.yaml"]))
        for (index, name) in names.enumerated() {
            let image = try UnpackedImage(try #require(parts.extensions["\(index).sqsh"]))
            #expect(image.content("x") == Array(name.utf8))
        }
        let last = try UnpackedImage(try #require(parts.extensions["12.sqsh"]))
        #expect(last.content("usr/local/etc/talos/config.yaml") == Array("machine: {}".utf8))
    }

    /// Reading an image means reading its documents and looking after its layers.
    @Test func anExtensionNamedManyTimesIsNeededOnce() throws {
        var releases = releases
        var images: [VerifiedImage] = []
        let names = (0..<3).map { "siderolabs/e\($0)" }
        for name in names {
            images.append(try releases.image([layer([file("rootfs/x", Array(name.utf8))], name: name)]))
        }
        try releases.add(version, base: base, Array(zip(names, images)))
        let most = InitramfsPlan.mostLayers - 1
        let named = (0..<most).map { names[$0 % 3] }
        let many = try schematic(extensions: named)
        let release = try #require(releases.releases[version])
        #expect(try Imager.extensions(for: many, of: release).map(\.name) == names)
        let plan = try releases.imager().plan(schematic: many, version: version, architecture: .amd64)
        #expect(Set(plan.extensions.map(\.name)) == Set(names) && plan.extensions.count == 3)
        #expect(plan.layers.count == most + 1)
        let base = try #require(releases.bases[version]).file
        let missing = #expect(throws: ImagingError.self) {
            try Imager.plan(
                schematic: many, release: release, architecture: .amd64, base: base,
                images: releases.images.filter { $0.key != images[1].manifest })
        }
        #expect(missing?.code == .extensionNotImported && missing?.message.contains(names[1]) == true)
        // More than a machine can mount is refused.
        for count in [most + 1, 20_000] {
            let error = #expect(throws: ImagingError.self) {
                try releases.imager().plan(
                    schematic: try schematic(extensions: (0..<count).map { names[$0 % 3] }), version: version,
                    architecture: .amd64)
            }
            #expect(error?.code == .tooManyExtensions)
            #expect(error?.message.contains("more than \(most);") == true)
        }
    }

    @Test func theEmbeddedConfigurationIsSecretAndLabelled() async throws {
        var releases = releases
        try releases.add(version, base: base, [])
        let composition = try await releases.imager().initramfs(
            schematic: try schematic("customization: {embeddedMachineConfiguration: \"machine: {}\\n\"}"),
            version: version,
            architecture: .amd64)
        let parts = try Parts(composition, base: base)
        #expect(parts.layers == ["0.sqsh", "1.sqsh"])
        let content = try #require(parts.extensions["1.sqsh"])
        let image = try UnpackedImage(content)
        let path = "usr/local/etc/talos/config.yaml"
        #expect(image.content(path) == Array("machine: {}\n".utf8))
        #expect(image.mode(path) == "-r--------")
        try Data(content).write(to: URL(filePath: image.folder.path + "/config"))
        #expect(try run("unsquashfs", ["-stat", "config"], in: image.folder.path).contains("Number of xattr ids 1"))
        #expect(content.firstRange(of: Array("system_u:object_r:system_state_t:s0".utf8)) != nil)
    }

    @Test func microcodeIsInFront() async throws {
        var releases = releases
        let one = try releases.image([
            layer([file("rootfs/usr/lib/firmware/intel-ucode/a", [UInt8](repeating: 1, count: 1001))], name: "one")
        ])
        let two = try releases.image([
            layer(
                [
                    file("rootfs/usr/lib/firmware/intel-ucode/b", [2, 2]),
                    file("rootfs/usr/lib/firmware/amd-ucode/microcode_amd.bin", [3]),
                ], name: "two")
        ])
        try releases.add(version, base: base, [("a/one", one), ("a/two", two)])
        let composition = try await releases.imager().initramfs(
            schematic: try schematic(extensions: ["a/one", "a/two"]), version: version, architecture: .amd64)
        let microcode = try #require(try Parts(composition, base: base).microcode)
        #expect(
            microcode.paths == [
                "kernel", "kernel/x86", "kernel/x86/microcode", "kernel/x86/microcode/AuthenticAMD.bin",
                "kernel/x86/microcode/GenuineIntel.bin",
            ])
        #expect(microcode["kernel/x86/microcode/AuthenticAMD.bin"] == [3])
        #expect(microcode["kernel/x86/microcode/GenuineIntel.bin"] == [UInt8](repeating: 1, count: 1001) + [2, 2])
    }

    /// As in upstream's initramfs: every entry of the list is a layer. What an extension has besides counts once, with its
    /// topmost layer.
    @Test func oneExtensionTwiceIsTwoLayers() async throws {
        var releases = releases
        let firmware = "rootfs/usr/lib/firmware/same.bin"
        let one = try releases.image([layer([file("rootfs/x", [1]), file(firmware, [1])], name: "one")])
        let two = try releases.image([layer([file("rootfs/x", [2]), file(firmware, [2, 2])], name: "two")])
        try releases.add(version, base: base, [("a/one", one), ("a/two", two)])
        let imager = releases.imager()
        let schematic = try schematic(extensions: ["a/one", "a/two", "a/one"])
        let plan = try imager.plan(schematic: schematic, version: version, architecture: .amd64)
        #expect(plan.extensions.map(\.name) == ["a/two", "a/one"])
        let parts = try Parts(
            try await imager.initramfs(schematic: schematic, version: version, architecture: .amd64), base: base)
        #expect(parts.layers == ["0.sqsh", "1.sqsh", "2.sqsh", "3.sqsh"])
        #expect(parts.extensions["0.sqsh"] == parts.extensions["2.sqsh"])
        for (number, content) in [(0, UInt8(1)), (1, 2), (2, 1)] {
            let image = try UnpackedImage(try #require(parts.extensions["\(number).sqsh"]))
            #expect(image.content("x") == [content])
        }
        let found = parts.extensions.entries.filter { $0.entry.path == "usr/lib/firmware/same.bin" }.map(\.content)
        #expect(found == [[2, 2], [1]])
    }

    /// A list may name an extension again and again, and each time its manifest is written out.
    @Test func whatExtensionsSayIsBounded() async throws {
        var releases = releases
        let wordy = try releases.image([
            layer([file("rootfs/x", [1])], name: String(repeating: "n", count: 900))
        ])
        try releases.add(version, base: base, [("a/wordy", wordy)])
        var limits = ExtractionLimits()
        limits.descriptionsLength = 10_000
        let imager = releases.imager(limits: limits)
        func make(_ count: Int) async throws -> Composition {
            try await imager.initramfs(
                schematic: try schematic(extensions: (0..<count).map { _ in "a/wordy" }), version: version,
                architecture: .amd64)
        }
        _ = try await make(8)
        let error = await #expect(throws: ImagingError.self) { try await make(12) }
        #expect(error?.code == .limitExceeded && error?.message.contains("say of themselves") == true)
    }

    /// Other people's tools read the whole as one stream: behind the microcode the release's archive, and one more.
    @Test(arguments: [TalosVersion(1, 13, 5), TalosVersion(1, 7, 6)])
    func theStreamHoldsTwoArchives(version: TalosVersion) async throws {
        var releases = releases
        let isNew = version.compressesWithZstandard
        let base = try compress(
            try CPIOWriter.encode([(.file("init", size: 4, modificationTime: 0), Array("init".utf8))]),
            isNew ? .zstd(level: 3) : .xz(preset: 0))
        let library = isNew ? "usr/lib" : "lib"
        // Several blocks, one block, and what just fills blocks.
        let noise = (0..<300_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 2_654_435_761) >> 11) }
        let images = try [
            [file("rootfs/noise", noise), file("rootfs/\(library)/firmware/a.bin", noise)],
            [file("rootfs/x", [1]), file("rootfs/\(library)/firmware/intel-ucode/06-01", [1, 2, 3])],
            [file("rootfs/noise", Array(noise[..<(128 << 10)])), file("rootfs/\(library)/firmware/b/c.bin", [7])],
        ].enumerated().map { index, files in
            ("a/e\(index)", try releases.image([layer(files, name: "e\(index)")]))
        }
        try releases.add(version, base: base, images)
        let composition = try await releases.imager().initramfs(
            schematic: try schematic(extensions: images.map(\.0)), version: version, architecture: .amd64)
        let parts = try Parts(composition, base: base)
        let folder = try TestFolder()
        let all = try bytes(of: composition)
        let start = try #require(all.firstRange(of: base)?.lowerBound)
        try Data(all[start...]).write(to: URL(filePath: folder.path + "/initramfs"))
        let program = isNew ? "zstd" : "xz"
        let listing = try run(
            "/bin/sh",
            [
                "-ec",
                "\(program) -t <initramfs; \(program) -dc <initramfs | (cpio -t --quiet; echo --; cpio -t --quiet)",
            ],
            in: folder.path)
        let archives = listing.split(separator: "\n").map(String.init).split(separator: "--").map(Array.init)
        #expect(archives == [["init"], parts.extensions.paths])
        let firmware = isNew ? ["usr", "usr/lib", "usr/lib/firmware"] : ["lib", "lib/firmware"]
        #expect(
            parts.extensions.paths == ["0.sqsh"] + firmware + [firmware[firmware.count - 1] + "/a.bin", "1.sqsh"]
                + firmware
                + [firmware[firmware.count - 1] + "/intel-ucode", "2.sqsh"] + firmware
                + [firmware[firmware.count - 1] + "/b", firmware[firmware.count - 1] + "/b/c.bin"]
                + ["3.sqsh", "extensions.yaml"])
        #expect(parts.extensions["\(firmware[firmware.count - 1])/a.bin"] == noise)
        // Nothing follows the second archive in the stream.
        let decoded = try decompress(Array(all[start...]), format: isNew ? .zstd : .xz, outputLimit: 1 << 30)
        #expect(decoded.count.isMultiple(of: 512))
        var trailers = 0
        let reader = CPIOReader()
        try reader.write(decoded) { if case .trailer = $0 { trailers += 1 } }
        #expect(trailers == 2)
    }

    @Test func anExtensionIsBuiltOnceForAllSchematicsAndVersions() async throws {
        var releases = releases
        let one = try releases.image([layer([file("rootfs/x", [1])], name: "one")])
        try releases.add(version, base: base, [("a/one", one)])
        try releases.add(TalosVersion(1, 12, 0), base: base, [("a/one", one)])
        let imager = releases.imager()
        let first = try await imager.initramfs(
            schematic: try schematic(extensions: ["a/one"]), version: version, architecture: .amd64)
        let blobs = releases.blobCount
        let again = try await imager.initramfs(
            schematic: try schematic(extensions: ["a/one"]), version: version, architecture: .amd64)
        #expect(again == first)
        let other = try await imager.initramfs(
            schematic: try schematic(
                "customization: {extraKernelArgs: [x], systemExtensions: {officialExtensions: [a/one]}}"),
            version: TalosVersion(1, 12, 0), architecture: .amd64)
        #expect(other.tag != first.tag)
        #expect(other.segments.dropLast() == first.segments.dropLast())
        #expect(first.files.count == 2)
        #expect(releases.blobCount == blobs)
    }

    @Test func whatCannotBeIsNamed() async throws {
        var releases = releases
        let picky = try releases.image([layer([file("rootfs/x", [1])], name: "picky", talos: ">= v1.14.0")])
        try releases.add(version, base: base, [("siderolabs/picky", picky)])
        try releases.add(TalosVersion(1, 6, 0), base: base, [])
        let imager = releases.imager()
        func failure(_ text: String, _ version: TalosVersion = version) async -> ImagingError? {
            await #expect(throws: ImagingError.self) {
                try await imager.initramfs(schematic: try schematic(text), version: version, architecture: .amd64)
            }
        }
        let missing = await failure("customization: {systemExtensions: {officialExtensions: [siderolabs/none]}}")
        #expect(missing?.code == .extensionNotAvailable)
        #expect(
            missing?.message == "official extension \"siderolabs/none\" is not available for Talos version v1.13.5")
        #expect(
            await failure("customization: {systemExtensions: {officialExtensions: [picky]}}")?.code
                == .extensionNotAvailable)
        #expect(
            await failure("customization: {systemExtensions: {officialExtensions: [siderolabs/picky]}}")?.code
                == .incompatibleExtension)
        let embedded = await failure("customization: {embeddedMachineConfiguration: x}", TalosVersion(1, 6, 0))
        #expect(embedded?.message == "embedding configuration is not supported for Talos version v1.6.0")
        #expect(embedded?.code == .embeddedConfigurationNotSupported)
        let overlay = await failure(
            "overlay: {name: rpi_generic, image: siderolabs/sbc-raspberrypi}", TalosVersion(1, 6, 0))
        #expect(overlay?.message == "overlay is not supported for Talos version v1.6.0")
        #expect(overlay?.code == .overlayNotSupported)
    }

    @Test func anOverlayHasToBeInTheCatalog() throws {
        var releases = releases
        try releases.add(version, base: base, [])
        let image = try releases.image([layer([file("rootfs/x", [1])])])
        releases.releases[version] = ReleaseSummary(
            version: version, architectures: Architecture.allCases,
            overlays: [
                OfficialOverlay(
                    name: "rpi_generic", image: "siderolabs/sbc-raspberrypi", reference: "registry.example/sbc:1",
                    digest: image.manifest)
            ])
        let imager = releases.imager()
        func plan(_ text: String) throws -> InitramfsPlan {
            try imager.plan(schematic: try schematic(text), version: version, architecture: .amd64)
        }
        let error = #expect(throws: ImagingError.self) { try plan("overlay: {name: nope, image: siderolabs/sbc}") }
        #expect(error?.code == .overlayNotAvailable)
        #expect(error?.message == "overlay \"nope\" is not available for Talos version v1.13.5")
        // The name alone counts.
        #expect(try plan("overlay: {name: rpi_generic, image: elsewhere/sbc}").extensions.isEmpty)
    }

    @Test func aliasesStandInForAbsentNames() throws {
        var releases = releases
        let lts = try releases.image([layer([file("rootfs/x", [1])], name: "lts")])
        let plain = try releases.image([layer([file("rootfs/x", [2])], name: "plain")])
        try releases.add(version, base: base, [("siderolabs/nvidia-container-toolkit-lts", lts)])
        try releases.add(
            TalosVersion(1, 13, 0), base: base,
            [("siderolabs/nvidia-container-toolkit-lts", lts), ("siderolabs/nvidia-container-toolkit", plain)])
        let schematic = try schematic(extensions: ["siderolabs/nvidia-container-toolkit"])
        let imager = releases.imager()
        #expect(
            try imager.plan(schematic: schematic, version: version, architecture: .amd64).extensions.map(
                \.image.manifest)
                == [lts.manifest])
        #expect(
            try imager.plan(schematic: schematic, version: TalosVersion(1, 13, 0), architecture: .amd64).extensions
                .map(\.image.manifest) == [plain.manifest])
    }
}

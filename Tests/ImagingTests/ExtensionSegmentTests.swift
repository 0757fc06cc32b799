import CPIO
import CodecTesting
import Compositions
import Compression
import Digests
import Foundation
import Imaging
import Schematics
import Stores
import TalosModel
import TarArchives
import Testing
import Trust

private let merged = FileLayout(TalosVersion(1, 13, 0))
private let old = FileLayout(TalosVersion(1, 7, 0))

private func random(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
    }
}

@Suite struct ExtensionSegmentTests {
    let releases: TestReleases

    init() throws { releases = try TestReleases() }

    /// The segment's member, and its squashfs image unpacked.
    private func build(
        _ layers: [[TarMember]], layout: FileLayout = merged, limits: ExtractionLimits = ExtractionLimits()
    ) throws -> (segment: ExtensionSegment, member: Member, image: UnpackedImage) {
        let segment = try releases.imager(limits: limits).extensionSegment(
            try releases.image(layers), named: "test", layout: layout)
        let member = try Member(segment.part, layout: layout)
        return (segment, member, try UnpackedImage(try #require(member[imageName])))
    }

    @Test(arguments: [(merged, CompressionFormat.zstd, UInt8(6)), (old, .xz, 4)])
    func anExtensionBecomesASquashFSInAMember(
        layout: FileLayout, format: CompressionFormat, compressor: UInt8
    ) throws {
        let big = random(400_000, seed: 1)
        let (segment, member, image) = try build(
            [
                layer([
                    directory("rootfs/usr"), directory("rootfs/usr/local", mode: 0o750),
                    file("rootfs/usr/local/tool", Array("#!tool".utf8), mode: 0o4755),
                    file("rootfs/usr/local/big", big), link("rootfs/usr/local/link", to: "/absolute/../elsewhere"),
                    file("rootfs/usr/local/secret", [1], mode: 0o400),
                ])
            ], layout: layout)
        // The image lies in the file as it is, in blocks of the format.
        let bytes = try segment.part.file.contents(limit: 1 << 30)
        let content = try #require(member[imageName])
        let size = format == .zstd ? 128 << 10 : 64 << 10
        for start in stride(from: 0, to: content.count, by: size) {
            #expect(bytes.firstRange(of: content[start..<min(start + size, content.count)]) != nil)
        }
        #expect(segment.part.imageSize == UInt64(content.count))
        // The compressor's number in the superblock.
        #expect(member[imageName]?[20] == compressor)
        #expect(member.paths == [imageName])
        #expect(member.entries.map(\.entry.modificationTime) == [BuildEpoch.seconds])
        #expect(image.content("usr/local/big") == big)
        #expect(image.content("usr/local/tool") == Array("#!tool".utf8))
        #expect(image.linkTarget("usr/local/link") == "/absolute/../elsewhere")
        #expect(image.mode("usr/local/tool") == "-rwsr-xr-x")
        #expect(image.mode("usr/local/secret") == "-r--------")
        #expect(image.mode("usr/local") == "drwxr-x---")
        #expect(image.listing.allSatisfy { !$0.contains("squashfs-root") || $0.contains(" 0/0 ") })
        #expect(segment.manifest.name == "test")
        #expect(segment.manifest.version == "1.2.3")
        #expect(!segment.hasModules)
        #expect(segment.intelMicrocode == nil && segment.amdMicrocode == nil)
        #expect(releases.leftovers == [])
    }

    @Test func theSameImageGivesTheSameBytes() throws {
        let members = layer((0..<200).map { file("rootfs/f\($0)", random(10_000, seed: UInt64($0))) })
        let other = try TestReleases()
        let one = try releases.imager(processors: 1).extensionSegment(
            releases.image([members]), named: "a", layout: merged)
        let two = try other.imager(processors: 3).extensionSegment(other.image([members]), named: "b", layout: merged)
        #expect(one.part.file.digest == two.part.file.digest)
    }

    @Test func aSegmentIsBuiltOnce() throws {
        let image = try releases.image([layer([file("rootfs/a", [1])])])
        let imager = releases.imager()
        #expect(try imager.storedExtensionSegment(image.manifest, layout: merged) == nil)
        let built = try imager.extensionSegment(image, named: "test", layout: merged)
        let blobs = releases.blobCount
        #expect(try imager.storedExtensionSegment(image.manifest, layout: merged) == built)
        #expect(try imager.extensionSegment(image, named: "test", layout: merged) == built)
        #expect(releases.blobCount == blobs)
        // The layouts do not share.
        #expect(try imager.storedExtensionSegment(image.manifest, layout: old) == nil)
        // What has been damaged on the disk is built anew.
        try Data([1, 2, 3]).write(to: URL(filePath: built.part.file.path))
        let again = try imager.extensionSegment(image, named: "test", layout: merged)
        #expect(again.part.file.digest == built.part.file.digest)
        #expect(try Member(again.part).paths == [imageName])
    }

    @Test func firmwareLeavesTheImage() throws {
        let fw = "rootfs/usr/lib/firmware"
        let (_, member, image) = try build([
            layer([
                file("rootfs/usr/lib/other", [9]), directory(fw, mode: 0o711), directory(fw + "/vendor"),
                file(fw + "/vendor/one.bin", Array("one".utf8), mode: 0o600),
                link(fw + "/two.bin", to: "vendor/one.bin"),
                link(fw + "/absolute.bin", to: "/usr/lib/other"), link(fw + "/again", to: "vendor"),
                link(fw + "/up", to: "../firmware/vendor/../two.bin"),
            ])
        ])
        #expect(
            member.paths.dropFirst() == [
                "usr", "usr/lib", "usr/lib/firmware", "usr/lib/firmware/absolute.bin", "usr/lib/firmware/again",
                "usr/lib/firmware/again/one.bin", "usr/lib/firmware/two.bin", "usr/lib/firmware/up",
                "usr/lib/firmware/vendor", "usr/lib/firmware/vendor/one.bin",
            ])
        #expect(member["usr/lib/firmware/again/one.bin"] == Array("one".utf8))
        #expect(member["usr/lib/firmware/two.bin"] == Array("one".utf8))
        #expect(member["usr/lib/firmware/up"] == Array("one".utf8))
        #expect(member["usr/lib/firmware/absolute.bin"] == [9])
        let modes = Dictionary(uniqueKeysWithValues: member.entries.map { ($0.entry.path, $0.entry.mode) })
        #expect(modes["usr/lib/firmware"] == 0o040711)
        #expect(modes["usr/lib/firmware/vendor/one.bin"] == 0o100600)
        #expect(modes["usr/lib"] == 0o040755)
        #expect(image.paths == ["usr", "usr/lib", "usr/lib/other"])
    }

    @Test func firmwareIsLookedForWhereTheVersionHasIt() throws {
        let members = layer([file("rootfs/lib/firmware/a", [1]), file("rootfs/usr/lib/firmware/b", [2])])
        #expect(try build([members], layout: old).member.paths.last == "lib/firmware/a")
        #expect(try build([members], layout: merged).member.paths.last == "usr/lib/firmware/b")
    }

    @Test func microcodeLeavesTheFirmware() throws {
        let fw = "rootfs/usr/lib/firmware"
        let (segment, member, _) = try build([
            layer([
                file(fw + "/intel-ucode/06-02", Array("B".utf8)), file(fw + "/intel-ucode/06-01", Array("A".utf8)),
                file(fw + "/amd-ucode/microcode_amd_fam17h.bin", Array("Y".utf8)),
                file(fw + "/amd-ucode/microcode_amd.bin", Array("X".utf8)),
                file(fw + "/amd-ucode/microcode_amd.bin.asc", Array("signature".utf8)),
                link(fw + "/intel-ucode/06-03", to: "06-01"),
            ])
        ])
        #expect(try segment.intelMicrocode?.contents(limit: 10) == Array("ABA".utf8))
        // "." sorts before "_".
        #expect(try segment.amdMicrocode?.contents(limit: 10) == Array("XY".utf8))
        #expect(
            member.paths.dropFirst() == [
                "usr", "usr/lib", "usr/lib/firmware", "usr/lib/firmware/amd-ucode",
                "usr/lib/firmware/amd-ucode/microcode_amd.bin.asc", "usr/lib/firmware/intel-ucode",
            ])
    }

    @Test func modulesAreNoticed() throws {
        let members = layer([file("rootfs/usr/lib/modules/6.1/a.ko", [1])])
        #expect(try build([members], layout: merged).segment.hasModules)
        #expect(try !build([members], layout: old).segment.hasModules)
    }

    @Test func laterLayersReplaceAndHide() throws {
        let (_, _, image) = try build([
            layer([
                file("rootfs/replaced", [1]), file("rootfs/hidden", [1]), file("rootfs/kept", [1]),
                file("rootfs/opaque/old", [1]), file("rootfs/gone/deep/old", [1]), file("rootfs/partly/old", [1]),
                directory("rootfs/becomes-file"), file("rootfs/becomes-file/x", [1]),
                file("rootfs/becomes-directory", [1]),
                hardLink("rootfs/hard", to: "rootfs/replaced"),
            ]),
            [
                file("./rootfs/replaced", [2]), file("rootfs/.wh.hidden"), file("rootfs/.wh.absent"),
                file("rootfs/opaque/new", [2]), file("rootfs/opaque/.wh..wh..opq"), file("rootfs/.wh.gone"),
                file("rootfs/partly/new", [2]), file("rootfs/.wh.partly"), file("rootfs/becomes-file", [2]),
                directory("rootfs/becomes-directory"), file("rootfs/becomes-directory/y", [2]),
            ],
        ])
        #expect(
            image.paths == [
                "becomes-directory", "becomes-directory/y", "becomes-file", "hard", "kept", "opaque", "opaque/new",
                "partly",
                "partly/new", "replaced",
            ])
        #expect(image.content("replaced") == [2])
        #expect(image.content("hard") == [1])
        #expect(image.content("becomes-file") == [2])
    }

    @Test(arguments: [nil, CompressionSettings.gzip(), .zstd(level: 1)])
    func layersMayBeCompressedOrNot(settings: CompressionSettings?) throws {
        let image = try releases.image([layer([file("rootfs/a", [1, 2])])], settings)
        let segment = try releases.imager().extensionSegment(image, named: "test", layout: merged)
        let member = try Member(segment.part)
        #expect(try UnpackedImage(try #require(member[imageName])).content("a") == [1, 2])
    }

    @Test func labelsAreKeptAndOtherAttributesAreNot() throws {
        var other = file("rootfs/other", [1])
        other.entry.extendedAttributes = ["user.note": [1], "security.capability": [1, 2, 3]]
        let segment = try releases.imager().extensionSegment(
            try releases.image([layer([file("rootfs/a", [1], label: "system_u:object_r:x_t:s0"), other])]),
            named: "test",
            layout: merged)
        let member = try Member(segment.part)
        let folder = try TestFolder()
        try Data(try #require(member[imageName])).write(to: URL(filePath: folder.path + "/image"))
        let statistics = try run("unsquashfs", ["-stat", "image"], in: folder.path)
        #expect(statistics.contains("Number of xattr ids 1"))
    }

    // MARK: - What is refused

    static let hostile: [(String, [TarMember], String)] = [
        ("climbs", layer([file("rootfs/../../etc/passwd", [1])]), "'..'"),
        ("climbs out of its root", layer([file("/../etc/passwd", [1])]), "'..'"),
        ("absolute", layer([file("/etc/passwd", [1])]), "it has 'etc' besides"),
        ("hard link out", layer([hardLink("rootfs/shadow", to: "/etc/shadow")]), "'/etc/shadow', which is no file"),
        ("hard link up", layer([hardLink("rootfs/shadow", to: "../../etc/shadow")]), "'..'"),
        ("hard link to nothing", layer([hardLink("rootfs/a", to: "rootfs/b")]), "hard link"),
        ("hard link to a directory", layer([hardLink("rootfs/a", to: "rootfs")]), "hard link"),
        ("hard link to itself", layer([hardLink("rootfs/a", to: "rootfs/a")]), "hard link"),
        (
            "hard links in a circle",
            layer([
                hardLink("rootfs/a", to: "rootfs/b"), hardLink("rootfs/b", to: "rootfs/c"),
                hardLink("rootfs/c", to: "rootfs/b"),
            ]), "hard link"
        ),
        (
            "firmware out", layer([link("rootfs/usr/lib/firmware/a", to: "../../../../etc/shadow")]),
            "leads nowhere"
        ),
        ("firmware dangling", layer([link("rootfs/usr/lib/firmware/a", to: "b")]), "leads nowhere"),
        ("firmware loop", layer([link("rootfs/usr/lib/firmware/a", to: "a")]), "leads nowhere"),
        ("firmware circle", layer([link("rootfs/usr/lib/firmware/a", to: "..")]), "leads nowhere"),
        ("firmware is a link", layer([link("rootfs/usr/lib/firmware", to: "/lib/firmware")]), "has to be a directory"),
        ("microcode is a directory", layer([directory("rootfs/usr/lib/firmware/intel-ucode/a")]), "has to be a file"),
        (
            "microcode is a link out", layer([link("rootfs/usr/lib/firmware/intel-ucode/a", to: "/etc/shadow")]),
            "has to be a file"
        ),
        ("no manifest", [directory("rootfs")], "manifest.yaml"),
        ("manifest is a link", [link("manifest.yaml", to: "/etc/shadow"), directory("rootfs")], "manifest.yaml"),
        ("no rootfs", [file("manifest.yaml", manifest())], "'rootfs'"),
        ("rootfs is a link", [file("manifest.yaml", manifest()), link("rootfs", to: "/")], "'rootfs'"),
        ("something else", layer([file("installer", [1])]), "besides"),
        ("bad manifest", [file("manifest.yaml", Array("a: [".utf8)), directory("rootfs")], "manifest.yaml"),
        ("other manifest", [file("manifest.yaml", Array("version: v2".utf8)), directory("rootfs")], "v2"),
        ("bad range", layer([], talos: "sometimes"), "sometimes"),
        ("deep", layer([file("rootfs/" + String(repeating: "d/", count: 200) + "f", [1])]), "deep"),
        ("in a whiteout", layer([file("rootfs/.wh.a/b", [1])]), "whiteout"),
        ("root is a file", layer([(TarEntry(path: ".", kind: .file, mode: 0o644), [1])]), "root"),
    ]

    @Test(arguments: hostile.indices)
    func hostileImagesAreRefused(index: Int) throws {
        let (name, members, reason) = Self.hostile[index]
        let image = try releases.image([members])
        let blobs = releases.blobCount
        let error = #expect(throws: ImagingError.self, "\(name)") {
            try releases.imager().extensionSegment(image, named: "siderolabs/evil", layout: merged)
        }
        #expect(error?.code == .invalidExtension, "\(name)")
        #expect(error?.message.contains(reason) == true, "\(name): \(error?.message ?? "")")
        #expect(error?.message.contains("siderolabs/evil") == true)
        // A build that fails stores nothing and leaves nothing.
        #expect(releases.blobCount == blobs)
        #expect(try releases.imager().storedExtensionSegment(image.manifest, layout: merged) == nil)
        #expect(releases.leftovers == [])
    }

    /// An image may have a file below what an earlier layer made a link or a file; nothing goes through it.
    @Test(arguments: [link("rootfs/out", to: "/etc"), file("rootfs/out", [1])])
    func whatLiesBelowAFileOfAnEarlierLayerIsRefused(member: TarMember) throws {
        let image = try releases.image([layer([member]), [file("rootfs/out/passwd", [1])]])
        let error = #expect(throws: ImagingError.self) {
            try releases.imager().extensionSegment(image, named: "test", layout: merged)
        }
        #expect(error?.message.contains("'out' in its path is not a directory") == true)
    }

    @Test func bombsStopAtTheLimits() throws {
        var limits = ExtractionLimits()
        limits.contentLength = 1_000_000
        let bomb = layer([
            file("rootfs/a", [UInt8](repeating: 0, count: 600_000)),
            file("rootfs/b", [UInt8](repeating: 0, count: 600_000)),
        ])
        func code(_ layers: [[TarMember]]) -> ImagingError.Code? {
            #expect(throws: ImagingError.self) {
                try releases.imager(limits: limits).extensionSegment(
                    try releases.image(layers), named: "bomb", layout: merged)
            }?.code
        }
        #expect(code([bomb]) == .limitExceeded)
        // Two layers together.
        #expect(code([layer([bomb[2]]), [bomb[3]]]) == .limitExceeded)
        limits = ExtractionLimits()
        limits.entries = 10
        #expect(code([layer((0..<9).map { file("rootfs/\($0)") })]) == .limitExceeded)
        limits = ExtractionLimits()
        limits.pathLength = 20
        #expect(code([layer([file("rootfs/a-name-that-is-too-long")])]) == .limitExceeded)
        // Directories that multiply through links.
        limits = ExtractionLimits()
        limits.entries = 300
        var members = [file("rootfs/usr/lib/firmware/d0/f", [1])]
        for level in 1..<20 {
            members.append(link("rootfs/usr/lib/firmware/d\(level)/a", to: "../d\(level - 1)"))
            members.append(link("rootfs/usr/lib/firmware/d\(level)/b", to: "../d\(level - 1)"))
        }
        #expect(code([layer(members)]) == .invalidExtension)
    }

    @Test func damagedLayersAreNamed() throws {
        let good = try compress(try TarArchive.encode(layer([file("rootfs/a", random(5000, seed: 1))])), .gzip())
        for bad in [
            Array(good.prefix(good.count / 2)), good.dropLast(9) + [1, 2, 3, 4, 5, 6, 7, 8, 9],
            [UInt8](repeating: 7, count: 700),
        ] {
            let image = try releases.image([Array(bad)])
            let error = #expect(throws: ImagingError.self) {
                try releases.imager().extensionSegment(image, named: "test", layout: merged)
            }
            #expect(error?.code == .invalidExtension)
        }
    }

    @Test func damageNeverTraps() throws {
        let fw = "rootfs/usr/lib/firmware"
        let archive = try TarArchive.encode(
            layer([
                file("rootfs/a", [1, 2, 3], label: "label"), link("rootfs/l", to: "a"),
                hardLink("rootfs/h", to: "rootfs/a"),
                file(fw + "/intel-ucode/a", [1]), link(fw + "/x", to: "/a"), file("rootfs/.wh.l"),
            ]))
        let imager = releases.imager(processors: 1)
        var generator = SeededGenerator(seed: 5)
        var accepted = 0
        for _ in 0..<150 {
            var bytes = archive
            // In a header, with its checksum put right, so that the fields are looked at.
            let header = Int.random(in: 0..<(bytes.count / 512 - 2), using: &generator) * 512
            let fields = [Int.random(in: 0..<100, using: &generator), 132, 156, 157, 345]
            let index = header + (fields.randomElement(using: &generator) ?? 0)
            bytes[index] = .random(in: .min ... .max, using: &generator)
            for index in 148..<156 { bytes[header + index] = 0x20 }
            let sum = String(bytes[header..<(header + 512)].reduce(0) { $0 + Int($1) }, radix: 8)
            for (index, digit) in ("00" + sum).utf8.suffix(6).enumerated() { bytes[header + 148 + index] = digit }
            let image = try releases.image([bytes])
            do {
                _ = try imager.extensionSegment(image, named: "fuzz", layout: merged)
                accepted += 1
            } catch {
                #expect([.invalidExtension, .limitExceeded].contains(error.code), "\(error)")
            }
        }
        #expect((1..<150).contains(accepted))
    }

    @Test func aBuildCanBeCancelled() throws {
        let image = try releases.image([layer([file("rootfs/a", random(500_000, seed: 1))])])
        let blobs = releases.blobCount
        let error = #expect(throws: ImagingError.self) {
            try releases.imager().extensionSegment(image, named: "test", layout: merged, isCancelled: { true })
        }
        #expect(error?.code == .cancelled)
        #expect(releases.blobCount == blobs)
    }
}

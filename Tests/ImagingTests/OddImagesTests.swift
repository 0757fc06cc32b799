import CPIO
import Compositions
import Foundation
import Glibc
import Schematics
import Stores
import TalosModel
import TarArchives
import Testing

@testable import Imaging

private let merged = FileLayout(TalosVersion(1, 13, 0))

@Suite struct OddImagesTests {
    /// Everything that comes of a segment, a line for each thing: the root file system's entries with modes, contents and
    /// labels, the firmware with modes in octal, the microcode.
    private func describe(_ segment: ExtensionSegment) throws -> [String] {
        let member = try Member(segment.part)
        let image = try UnpackedImage(try #require(member[imageName]), attributes: true)
        var lines: [String] = []
        for path in ["."] + image.paths {
            let mode = try #require(path == "." ? image.rootMode : image.mode(path), "\(path)")
            var line = "\(mode) \(path)"
            if let target = image.linkTarget(path) {
                line += " -> \(target)"
            } else if mode.first == "-", let content = image.content(path), !content.isEmpty {
                line += " " + String(decoding: content, as: UTF8.self)
            }
            if let label = image.label(path) { line += " [\(label)]" }
            lines.append(line)
        }
        for (entry, content) in member.entries
        where entry.path != imageName && !["usr", "usr/lib"].contains(entry.path) {
            #expect(entry.linkCount == (entry.mode & CPIOEntry.typeMask == CPIOEntry.directory ? entry.linkCount : 1))
            lines.append(
                "fw \(String(entry.mode, radix: 8)) \(entry.path)"
                    + (content.isEmpty ? "" : " " + String(decoding: content, as: UTF8.self)))
        }
        if let amd = segment.amdMicrocode {
            lines.append("amd " + String(decoding: try amd.contents(limit: 100), as: UTF8.self))
        }
        if let intel = segment.intelMicrocode {
            lines.append("intel " + String(decoding: try intel.contents(limit: 100), as: UTF8.self))
        }
        return lines
    }

    private func sorted(_ lines: [String]) -> [[UInt8]] {
        lines.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    @Test(arguments: OddImage.all)
    func oddImagesAreTakenOrRefused(odd: OddImage) throws {
        let releases = try TestReleases()
        let image = try releases.image(odd.layers)
        switch odd.outcome {
        case .image(let expected):
            let segment = try releases.imager().extensionSegment(image, named: odd.name, layout: merged)
            let found = try describe(segment)
            // By bytes: what looks alike is not the same.
            #expect(sorted(found) == sorted(expected), "\(found.sorted())")
        case .refused(let reason):
            let error = #expect(throws: ImagingError.self) {
                try releases.imager().extensionSegment(image, named: odd.name, layout: merged)
            }
            #expect(error?.code == .invalidExtension)
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        }
        #expect(releases.leftovers == [])
    }

    /// All files of an initramfs' members after the release's own, where the last of a name wins.
    private func files(_ layers: [[TarMember]]) async throws -> [String: (mode: UInt32, content: [UInt8])] {
        var releases = try TestReleases()
        let version = TalosVersion(1, 13, 5)
        let images = try layers.enumerated().map { index, members in
            ("a/e\(index)", try releases.image([layer(members, name: "e\(index)")]))
        }
        try releases.add(version, base: [1, 2, 3], images)
        let names = images.map(\.0).joined(separator: ", ")
        let composition = try await releases.imager().initramfs(
            schematic: try Schematic(
                decoding: Array("customization: {systemExtensions: {officialExtensions: [\(names)]}}".utf8)),
            version: version, architecture: .amd64)
        var files: [String: (mode: UInt32, content: [UInt8])] = [:]
        let base = composition.segments.firstIndex { $0.length == 3 }
        let start = try #require(base)
        if start > 0 {
            let all = try bytes(of: Composition(Array(composition.segments[..<start])))
            for (entry, content) in try Member(archive: all).entries { files[entry.path] = (entry.mode, content) }
        }
        let archive = try bytes(of: Composition(composition.segments[(start + 1)...]))
        for (entry, content) in try Member(archive).entries { files[entry.path] = (entry.mode, content) }
        return files
    }

    /// The imager's rows fwab and fwba: the later extension's file counts. The imager keeps the earlier one's mode with it,
    /// which no member can know that serves every initramfs, and which is nobody's wish.
    @Test func theLaterExtensionsFirmwareCounts() async throws {
        let path = "rootfs/usr/lib/firmware/same.bin"
        let (one, other) = ([file(path, [1], mode: 0o600)], [file(path, [2, 2])])
        let ab = try #require(try await files([one, other])["usr/lib/firmware/same.bin"])
        #expect(ab.content == [2, 2] && ab.mode == 0o100644)
        let ba = try #require(try await files([other, one])["usr/lib/firmware/same.bin"])
        #expect(ba.content == [1] && ba.mode == 0o100600)
    }

    /// The rows ucodes, mix and three: several extensions with microcode are joined in their order.
    @Test func microcodeOfSeveralExtensionsIsJoined() async throws {
        let path = "rootfs/usr/lib/firmware/intel-ucode/"
        let found = try await files([
            [file(path + "a", Array("A".utf8)), link(path + "b", to: "a")], [file("rootfs/x", [1])],
            [file(path + "0", Array("B".utf8))],
        ])
        #expect(found["kernel/x86/microcode/GenuineIntel.bin"]?.content == Array("AAB".utf8))
        #expect(found.keys.filter { $0.hasSuffix(".sqsh") }.count == 4)
    }

    /// The row toonew.
    @Test func anExtensionForLaterVersionsIsRefused() async throws {
        var releases = try TestReleases()
        let version = TalosVersion(1, 13, 5)
        try releases.add(
            version, base: [1], [("a/b", try releases.image([layer([], name: "toonew", talos: ">= v9.0.0")]))])
        let imager = releases.imager()
        let error = await #expect(throws: ImagingError.self) {
            try await imager.initramfs(
                schematic: try Schematic(
                    decoding: Array("customization: {systemExtensions: {officialExtensions: [a/b]}}".utf8)),
                version: version, architecture: .amd64)
        }
        #expect(error?.code == .incompatibleExtension)
        #expect(error?.message.contains("needs Talos >= v9.0.0, and this is v1.13.5") == true)
    }

    /// What is a dot with an accent to a reader is another name to the kernel, and the slash before it is a slash.
    @Test func pathsAreCutAtTheirBytes() throws {
        let accent = "\u{301}"
        let releases = try TestReleases()
        func build(_ members: [TarMember]) throws -> [String] {
            try describe(
                try releases.imager().extensionSegment(
                    try releases.image([layer(members)]), named: "test", layout: merged))
        }
        for path in [
            "rootfs/usr/lib/firmware/../../../../\(accent)etc", "rootfs/usr/lib/firmware/../../../../../\(accent)",
        ] {
            let error = #expect(throws: ImagingError.self) { try build([file(path, [1])]) }
            #expect(error?.code == .invalidExtension, "\(error?.message ?? "")")
        }
        #expect(
            sorted(try build([file("rootfs/usr/lib/firmware/\(accent)etc", [65])]))
                == sorted([
                    "drwxr-xr-x .", "drwx------ usr", "drwx------ usr/lib", "fw 40700 usr/lib/firmware",
                    "fw 100644 usr/lib/firmware/\(accent)etc A",
                ]))
        // A whiteout whose name begins with an accent.
        let hidden = try releases.image([
            layer([file("rootfs/\(accent)x", [1]), file("rootfs/y", [1])]), [file("rootfs/.wh.\(accent)x")],
        ])
        #expect(
            try describe(try releases.imager().extensionSegment(hidden, named: "test", layout: merged))
                == ["drwxr-xr-x .", "-rw-r--r-- y \u{1}"])
        // "/" with an accent begins at the root.
        #expect(
            FileName.components(of: "/\(accent)a/.//..\(accent)/b").map(\.text) == ["\(accent)a", "..\(accent)", "b"])
        let root = TreeNode.directory()
        root.children[FileName("e\(accent)".utf8)] = .directory()
        root.children["\u{e9}"] = .directory()
        root.children["l"] = TreeNode(.symbolicLink(target: "/\(accent)"), permissions: 0o777)
        #expect(root.children.count == 3)
        #expect(try root.resolve(["l"]) == nil)
    }
}

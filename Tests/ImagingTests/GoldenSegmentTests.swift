import CLZMA
import CZstd
import Compositions
import Compression
import Digests
import Foundation
import Stores
import TalosModel
import TarArchives
import Testing

@testable import Imaging

/// Segments are stored under the digest of their image and `FileLayout.key`, and two appliances with one store of images
/// serve the same bytes: so the same key has to mean the same bytes.
@Suite struct GoldenSegmentTests {
    /// An image with one of everything: all kinds of nodes, blocks, fragments, holes, labels, microcode and firmware.
    private static let layers: [[TarMember]] = {
        let lines = Array((0..<40_000).map { "line \($0 &* 7919 % 10007)\n" }.joined().utf8)
        let noise = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 2_654_435_761 >> 11) }
        return [
            layer([
                directory("rootfs/usr"), directory("rootfs/usr/bin", mode: 0o750),
                file("rootfs/usr/bin/tool", lines, mode: 0o4755, label: "system_u:object_r:bin_t:s0"),
                file("rootfs/usr/bin/same", lines), file("rootfs/noise", noise),
                file("rootfs/small", Array("small".utf8)),
                file("rootfs/hole", [UInt8](repeating: 0, count: 400_000) + [1]), file("rootfs/empty"),
                link("rootfs/link", to: "usr/bin/tool"), hardLink("rootfs/hard", to: "rootfs/small"),
                file("rootfs/replaced", [1]),
            ]),
            ["lib", "usr/lib"].flatMap { library -> [TarMember] in
                [
                    file("rootfs/\(library)/firmware/a.bin", lines),
                    link("rootfs/\(library)/firmware/b.bin", to: "a.bin"),
                    file("rootfs/\(library)/firmware/intel-ucode/06-01", Array("intel".utf8)),
                    file("rootfs/\(library)/firmware/amd-ucode/microcode_amd.bin", Array("amd".utf8)),
                ]
            } + [file("rootfs/replaced", [2])],
        ]
    }()

    /// The digests of the stored part, by the layout's key and the compressor's version. Where one changes, the number at the end of `FileLayout.key` has to change as well. A new
    /// version of a compressor gets a line when its bytes are the same, and the number changes when they are not.
    static let digests: [String: String] = [
        "root-xz-3, xz 5.4.1": "f2f098b31684e0bc76698b9ac5bfc9ab5950def5cf5b6727aa38c16137b99de2",
        "root-zstd-3, zstd 1.5.4": "191a47578c558c7c0615793733e4461a813e685587047ea9e150f5bd38570cda",
        "usr-zstd-3, zstd 1.5.4": "c7a344cfd8e73b8666883703f53d6edbae4ca1c14802e271deaca45843e62f82",
    ]

    static func compressor(_ layout: FileLayout) -> String {
        layout.usesZstandard
            ? "zstd \(String(cString: ZSTD_versionString()))" : "xz \(String(cString: lzma_version_string()))"
    }

    @Test(arguments: FileLayout.all)
    func theSameKeyMeansTheSameBytes(layout: FileLayout) throws {
        let releases = try TestReleases()
        let segment = try releases.imager().extensionSegment(
            try releases.image(Self.layers), named: "golden", layout: layout)
        let name = "\(layout.key), \(Self.compressor(layout))"
        let expected = try #require(
            Self.digests[name], "no digest of '\(name)' is known; it is \(segment.part.file.digest.hexadecimal)")
        #expect(segment.part.file.digest.hexadecimal == expected, "\(name)")
        #expect(try segment.intelMicrocode?.contents(limit: 10) == Array("intel".utf8))
        #expect(try segment.amdMicrocode?.contents(limit: 10) == Array("amd".utf8))
    }
}

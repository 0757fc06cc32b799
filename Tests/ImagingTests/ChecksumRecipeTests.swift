import Compositions
import Digests
import Foundation
import Schematics
import TalosModel
import Testing

@testable import Imaging

/// Checksums of assets, by the recipe that the factory uses.
@Suite struct ChecksumRecipeTests {
    private let version = TalosVersion(1, 13, 5)
    private let imager: TestImager
    private let base = Array("a release's own initramfs".utf8)

    init() throws {
        var releases = try TestReleases()
        let one = try releases.image([layer([file("rootfs/x", [1])], name: "one")])
        try releases.add(version, base: base, [("a/one", one)])
        imager = releases.imager()
    }

    private func text(_ path: String, fileName: String? = nil) async throws -> String {
        let text = "customization: {extraKernelArgs: [a=b], systemExtensions: {officialExtensions: [a/one]}}"
        let order = AssetOrder(
            try AssetPath(parsing: path), of: try Schematic(decoding: Array(text.utf8)), version: version,
            fileName: fileName)
        let composition = try await Recipes.composition(
            of: order, by: InlineResolver(imager: imager.imager, releases: imager.releases))
        return String(decoding: try bytes(of: composition), as: UTF8.self)
    }

    // FIPS 180-4's digest of what the file holds, from another implementation.
    @Test func aKernelsChecksumIsThatOfItsFile() async throws {
        #expect(
            try await text("kernel-amd64.sha256")
                == "dd2cb6f84b83a78985e41419629c0fdd6e31a6de3fec7197a1e9252a109b91f0  kernel-amd64\n")
        #expect(
            try await text("kernel-amd64.sha512")
                == "6213e7c467e06bff38507529912c963ab0b395b5dcff26669fb4c66c3d364386ed9241792fb45c3257f5e0231f8f027f70ecccffe300e283a87bf65381487e82"
                + "  kernel-amd64\n")
    }

    @Test(arguments: ["initramfs-amd64.xz", "cmdline-metal-amd64", "kernel-arm64"])
    func theDigestIsThatOfTheBytes(path: String) async throws {
        let asset = try await imager.asset(
            AssetPath(parsing: path),
            of: Schematic(
                decoding: Array(
                    "customization: {extraKernelArgs: [a=b], systemExtensions: {officialExtensions: [a/one]}}".utf8)),
            version: version)
        #expect(try await text(path + ".sha256") == "\(Digest.of(try bytes(of: asset)).hexadecimal)  \(path)\n")
    }

    @Test(arguments: [
        ("talos.sha256", "talos"), ("talos", "talos"), ("a b\\c\"d.sha256", "a b\\c\"d"),
        ("x\n0000  y\u{e9}\r.sha256", "x_0000  y__"), (".sha256", ""),
    ])
    func theNameIsOneLineAndTheAssets(fileName: String, expected: String) async throws {
        let text = try await text("kernel-amd64.sha256", fileName: fileName)
        #expect(text.utf8.dropFirst(64).elementsEqual("  \(expected)\n".utf8))
    }

    @Test func whatIsNotMadeHasNoChecksum() async throws {
        for path in ["metal-amd64.iso.sha256", "metal-amd64-uki.efi.sha512", "installer-amd64.tar.sha256"] {
            let error = await #expect(throws: ImagingError.self) { try await text(path) }
            #expect(error?.code == .kindNotSupported)
            #expect(error?.message.contains("makes kernel, cmdline and initramfs, and no other images yet") == true)
        }
        let platform = await #expect(throws: ImagingError.self) { try await text("nowhere-amd64.iso.sha256") }
        #expect(platform?.code == .unknownPlatform)
    }

    @Test func everyKindHasOneRecipeAtMost() throws {
        for path in [
            "kernel-amd64", "cmdline-metal-amd64", "initramfs-amd64.xz", "kernel-amd64.sha256", "metal-amd64.iso",
        ] {
            let kind = try AssetPath(parsing: path).kind
            #expect(Recipes.all.count { $0.makes(kind) } == (kind == .iso ? 0 : 1))
        }
    }
}

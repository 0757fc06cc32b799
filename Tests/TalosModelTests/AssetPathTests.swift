import CodecTesting
import TalosModel
import Testing

@Suite struct AssetPathTests {
    @Test(arguments: [
        ("kernel-amd64", AssetPath(.kernel, architecture: .amd64)),
        ("kernel-arm64", AssetPath(.kernel, architecture: .arm64)),
        ("cmdline-metal-arm64", AssetPath(.commandLine, architecture: .arm64)),
        (
            "cmdline-digital-ocean-amd64-secureboot",
            AssetPath(.commandLine, platform: "digital-ocean", architecture: .amd64, secureBoot: true)
        ),
        ("initramfs-amd64.xz", AssetPath(.initramfs, architecture: .amd64)),
        ("metal-amd64.iso", AssetPath(.iso, architecture: .amd64)),
        ("metal-arm64-secureboot.iso", AssetPath(.iso, architecture: .arm64, secureBoot: true)),
        (
            "metal-amd64-secureboot-uki.efi",
            AssetPath(.unifiedKernelImage, architecture: .amd64, secureBoot: true)
        ),
        ("installer-amd64-secureboot.tar", AssetPath(.installer, architecture: .amd64, secureBoot: true)),
        ("aws-installer-arm64.tar", AssetPath(.installer, platform: "aws", architecture: .arm64)),
        (
            "digital-ocean-installer-amd64.tar",
            AssetPath(.installer, platform: "digital-ocean", architecture: .amd64)
        ),
        ("metal-amd64.raw.zst", AssetPath(.diskImage(.raw, .zstd), architecture: .amd64)),
        ("gcp-amd64.raw.tar.gz", AssetPath(.diskImage(.raw, .tarGzip), platform: "gcp", architecture: .amd64)),
        ("azure-arm64.vhd.xz", AssetPath(.diskImage(.vhd, .xz), platform: "azure", architecture: .arm64)),
        ("oracle-amd64.qcow2", AssetPath(.diskImage(.qcow2, nil), platform: "oracle", architecture: .amd64)),
        ("vmware-amd64.ova.gz", AssetPath(.diskImage(.ova, .gzip), platform: "vmware", architecture: .amd64)),
        (
            "equinixMetal-amd64-secureboot.raw.xz",
            AssetPath(.diskImage(.raw, .xz), platform: "equinixMetal", architecture: .amd64, secureBoot: true)
        ),
        // Any name is a platform here; whether it exists is found when its command line is assembled.
        ("initramfs-amd64.raw", AssetPath(.diskImage(.raw, nil), platform: "initramfs", architecture: .amd64)),
        ("nowhere-amd64.iso", AssetPath(.iso, platform: "nowhere", architecture: .amd64)),
        ("kernel-arm64.sha256", AssetPath(.checksum(of: .kernel, .sha256), architecture: .arm64)),
        ("initramfs-amd64.xz.sha512", AssetPath(.checksum(of: .initramfs, .sha512), architecture: .amd64)),
        (
            "cmdline-aws-amd64-secureboot.sha256",
            AssetPath(.checksum(of: .commandLine, .sha256), platform: "aws", architecture: .amd64, secureBoot: true)
        ),
        (
            "gcp-amd64.raw.tar.gz.sha512",
            AssetPath(
                .checksum(of: .diskImage(.raw, .tarGzip), .sha512), platform: "gcp", architecture: .amd64)
        ),
        (
            "aws-installer-arm64.tar.sha256",
            AssetPath(.checksum(of: .installer, .sha256), platform: "aws", architecture: .arm64)
        ),
    ])
    func everyFormIsReadAndWritten(_ path: String, _ asset: AssetPath) throws {
        #expect(try AssetPath(parsing: path) == asset)
        #expect(asset.path == path)
    }

    @Test(arguments: [
        ("kernel-x86_64", "kernel-amd64"),
        ("metal-i386.iso", "metal-amd64.iso"),
        ("metal-installer-amd64.tar", "installer-amd64.tar"),
        ("initramfs-x86_64.xz", "initramfs-amd64.xz"),
        ("kernel-x86_64.sha256", "kernel-amd64.sha256"),
    ])
    func aliasesAreWrittenCanonically(_ alias: String, _ canonical: String) throws {
        #expect(try AssetPath(parsing: alias).path == canonical)
    }

    @Test(arguments: [
        ("metal-amd64.ssd", #"invalid profile path: "metal-amd64.ssd""#),
        ("metal-amd64.ssd.xz", #"invalid profile path: "metal-amd64.ssd""#),
        ("metal-rpi_generic-arm64.raw.xz", #"invalid architecture: "rpi_generic-arm64""#),
        ("kernel-amd64-secureboot", #"invalid architecture: "amd64-secureboot""#),
        ("initramfs-amd64-secureboot.xz", #"invalid architecture: "amd64-secureboot""#),
        ("initramfs-amd64", #"invalid profile path: "initramfs-amd64""#),
        ("kernel-aarch64", #"invalid architecture: "aarch64""#),
        ("metal-x86-64.iso", #"invalid architecture: "x86-64""#),
        ("metal.iso", #"invalid platform-arch: "metal""#),
        ("metal-secureboot.iso", #"invalid platform-arch: "metal""#),
        ("cmdline-metal-amd64.iso", #"invalid architecture: "amd64.iso""#),
        ("installer-riscv64.tar", #"invalid architecture: "riscv64""#),
        ("metal-amd64.tar", #"invalid profile path: "metal-amd64.tar""#),
        ("metal-amd64.tar.gz", #"invalid profile path: "metal-amd64""#),
        ("metal-amd64.raw.xz.gz", #"invalid profile path: "metal-amd64.raw.xz""#),
        ("digital-ocean.iso", #"invalid architecture: "ocean""#),
        ("", #"invalid profile path: """#),
        // A checksum has none, and what has none of the forms has none either.
        ("kernel-amd64.sha256.sha256", #"invalid architecture: "amd64.sha256""#),
        ("metal-amd64.iso.sha512.sha256", #"invalid profile path: "metal-amd64.iso.sha512""#),
        ("kernel-amd64.sha1", #"invalid architecture: "amd64.sha1""#),
        ("kernel-amd64.SHA256", #"invalid architecture: "amd64.SHA256""#),
        ("invalid-path.xyz.sha512", #"invalid profile path: "invalid-path.xyz""#),
        (".sha256", #"invalid profile path: """#),
        ("a\"b\\c\n\u{1}\u{e9}\u{200b}", #"invalid profile path: "a\"b\\c\n\x01é\u200b""#),
    ])
    func aBadPathIsRefusedInTheServicesWords(_ path: String, _ message: String) {
        let error = #expect(throws: AssetPathError.self) { try AssetPath(parsing: path) }
        #expect(error?.description == message)
    }

    // A script's path such as metal-amd64.iso fails on its architecture, as the prefix makes it a command line.
    @Test func aScriptsPathIsThatOfItsCommandLine() throws {
        #expect(
            try AssetPath(parsingScript: "metal-x86_64-secureboot")
                == AssetPath(.commandLine, architecture: .amd64, secureBoot: true))
        #expect(throws: AssetPathError.invalidArchitecture("amd64.iso")) {
            try AssetPath(parsingScript: "metal-amd64.iso")
        }
    }

    @Test(arguments: [
        ("metal-amd64-uki.efi", "application/efi"),
        ("metal-amd64.iso", "application/x-iso9660-image"),
        ("initramfs-amd64.xz", "application/x-xz"),
        ("metal-amd64.raw.xz", "application/x-xz"),
        ("metal-amd64.raw.gz", "application/gzip"),
        ("gcp-amd64.raw.tar.gz", "application/gzip"),
        ("oracle-amd64.qcow2", "application/x-qemu-disk"),
        ("oracle-amd64.qcow2.zst", "application/octet-stream"),
        ("metal-amd64.raw", "application/octet-stream"),
        ("vmware-amd64.ova", "application/octet-stream"),
        ("azure-amd64.vhd", "application/octet-stream"),
        ("installer-amd64.tar", "application/octet-stream"),
        ("kernel-amd64", "application/octet-stream"),
        ("cmdline-metal-amd64", "application/octet-stream"),
        ("metal-amd64.iso.sha256", "text/plain; charset=utf-8"),
        ("kernel-amd64.sha512", "text/plain; charset=utf-8"),
    ])
    func contentTypeGoesByExtension(_ path: String, _ type: String) throws {
        #expect(try AssetPath(parsing: path).contentType == type)
    }

    @Test func aChecksumKnowsItsAsset() throws {
        let checksum = try #require(try AssetPath(parsing: "metal-arm64-secureboot.iso.sha512").checksummed)
        #expect(checksum.asset == AssetPath(.iso, architecture: .arm64, secureBoot: true))
        #expect(checksum.algorithm == .sha512)
        #expect(try AssetPath(parsing: "metal-arm64-secureboot.iso").checksummed == nil)
    }

    @Test func noPathTraps() {
        for sample in ["digital-ocean-installer-amd64-secureboot.tar", "gcp-amd64-secureboot.raw.tar.gz.sha256"] {
            exerciseDecoder(on: Array(sample.utf8)) { bytes in
                let asset = try AssetPath(parsing: String(decoding: bytes, as: UTF8.self))
                #expect(try AssetPath(parsing: asset.path) == asset)
            }
        }
    }
}

import CodecTesting
import Digests
import Testing
import VectorTesting

@testable import Schematics

@Suite struct ExtensionTests {
    static func all() throws -> [ExtensionVector] { try VectorFile.extensions.lines() }

    @Test func everyVectorIsUsed() throws {
        #expect(Set(try Self.all().map(\.op)) == ["manifest", "extconfig", "schematicext"])
    }

    @Test(arguments: try all().filter { $0.op == "manifest" }) func manifestIsWrittenAsGoDoes(
        _ vector: ExtensionVector
    ) throws {
        let manifest = ExtensionManifest(try #require(vector.manifest))
        #expect(String(decoding: manifest.encode(), as: UTF8.self) == vector.yaml)
        if manifest.formatVersion == ExtensionManifest.formatVersion {
            #expect(try ExtensionManifest(decoding: manifest.encode()) == manifest)
        } else {
            #expect(throws: ExtensionManifestError.unsupportedVersion(manifest.formatVersion)) {
                try ExtensionManifest(decoding: manifest.encode())
            }
        }
    }

    @Test(arguments: try all().filter { $0.op == "extconfig" }) func configurationIsFoldedAsGoDoes(
        _ vector: ExtensionVector
    ) throws {
        let layers = try #require(vector.config).layers.map { layer in
            (image: layer.image, manifest: ExtensionManifest(formatVersion: "v1alpha1", layer.metadata))
        }
        #expect(String(decoding: extensionsConfiguration(layers: layers), as: UTF8.self) == vector.yaml)
    }

    @Test(arguments: try all().filter { $0.op == "schematicext" }) func schematicExtensionIsThatOfImageFactory(
        _ vector: ExtensionVector
    ) throws {
        let text = try #require(vector.id)
        let id = try #require(SchematicID(parsing: text))
        let made = VirtualExtension.schematic(
            id, text: try #require(vector.info), externalURL: try #require(vector.baseURL))
        #expect(String(decoding: made.manifest.encode(), as: UTF8.self) == vector.manifestYAML)
        let tar = made.tar
        #expect(tar.count == vector.tarSize)
        #expect(Digest.of(tar).hexadecimal == vector.tarSHA256)
    }

    @Test func schematicExtensionCarriesTheTextWhereTalosReadsIt() throws {
        let schematic = try Schematic()
        let with = VirtualExtension.schematic(schematic, externalURL: "https://a.example/", includesText: true)
        #expect(with.manifest.extraInfo == "customization: {}\n")
        #expect(with.manifest.version == schematic.id.description)
        #expect(with.files.last?.path == "usr/local/share/schematic/\(schematic.id)")
        let without = VirtualExtension.schematic(schematic, externalURL: "https://a.example/", includesText: false)
        #expect(without.manifest.extraInfo.isEmpty)
    }

    @Test func embeddedConfigurationIsReadableByRootAlone() throws {
        let made = VirtualExtension.embeddedConfiguration(Array("machine: {}\n".utf8))
        #expect(made.manifest.name == "embedded-config")
        #expect(made.manifest.version == Digest.of("machine: {}\n").hexadecimal)
        #expect(
            made.files.map(\.path)
                == ["usr", "usr/local", "usr/local/etc", "usr/local/etc/talos", "usr/local/etc/talos/config.yaml"])
        let file = try #require(made.files.last)
        #expect(file.mode == 0o400)
        #expect(file.extendedAttributes["security.selinux"] == Array("system_u:object_r:system_state_t:s0".utf8))
    }

    @Test func unknownFieldsOfAManifestArePassedOver() throws {
        let text = """
            version: v1alpha1
            signature: {by: [nobody]}
            metadata:
              name: gvisor
              version: 1.10
              homepage: https://gvisor.dev
              compatibility: {talos: {version: '>= v1.5.0', kernel: "6"}}
            """
        let manifest = try ExtensionManifest(decoding: Array(text.utf8))
        #expect(manifest.name == "gvisor")
        #expect(manifest.version == "1.10")
        #expect(manifest.talosVersions == ">= v1.5.0")
        #expect(manifest.author.isEmpty)
    }

    @Test(arguments: ["", "version: v1", "metadata: {name: a}", "version: v1alpha1\nmetadata: {name: [a]}", "[", "~"])
    func unusableManifestsAreRefused(_ text: String) {
        #expect(throws: ExtensionManifestError.self) { try ExtensionManifest(decoding: Array(text.utf8)) }
    }

    @Test func manifestDecoderSurvivesAnything() throws {
        let sample = Array("version: v1alpha1\nmetadata: {name: a, compatibility: {talos: {version: '>= 1'}}}\n".utf8)
        #expect(exerciseDecoder(on: sample) { _ = try ExtensionManifest(decoding: Array($0)) } > 0)
    }
}

extension ExtensionManifest {
    init(_ vector: ExtensionVector.Manifest) { self.init(formatVersion: vector.version, vector.metadata) }

    init(formatVersion: String, _ metadata: ExtensionVector.Metadata) {
        self.init(
            formatVersion: formatVersion, name: metadata.name, version: metadata.version, author: metadata.author,
            description: metadata.description, talosVersions: metadata.compatibility.talos.version,
            extraInfo: metadata.extraInfo)
    }
}

extension VirtualExtension {
    /// The extension as the USTAR archive that Image Factory makes of it, with no times and no owners. Only for comparing
    /// with the archive's digest.
    fileprivate var tar: [UInt8] {
        var archive = Self.tarMember("manifest.yaml", mode: 0o644, contents: manifest.encode())
        archive += Self.tarMember("rootfs/", mode: 0o755, contents: nil)
        for file in files {
            let path = "rootfs/" + file.path + (file.contents == nil ? "/" : "")
            archive += Self.tarMember(path, mode: file.mode, contents: file.contents)
        }
        return archive + [UInt8](repeating: 0, count: 1024)
    }

    private static func tarMember(_ path: String, mode: UInt16, contents: [UInt8]?) -> [UInt8] {
        func octal(_ value: Int, _ width: Int) -> [UInt8] {
            let digits = String(value, radix: 8)
            return Array((String(repeating: "0", count: width - 1 - digits.count) + digits).utf8) + [0]
        }
        func padded(_ bytes: [UInt8], _ width: Int) -> [UInt8] {
            bytes + [UInt8](repeating: 0, count: width - bytes.count)
        }
        let blank = [UInt8](repeating: UInt8(ascii: " "), count: 8)
        var header = padded(Array(path.utf8), 100) + octal(Int(mode), 8) + octal(0, 8) + octal(0, 8)
        header += octal(contents?.count ?? 0, 12) + octal(0, 12) + blank
        header += [UInt8(ascii: contents == nil ? "5" : "0")] + padded([], 100) + Array("ustar\u{0}00".utf8)
        header += padded([], 64) + octal(0, 8) + octal(0, 8)
        header = padded(header, 512)
        let checksum = header.reduce(0) { $0 + Int($1) }
        header.replaceSubrange(148..<156, with: octal(checksum, 7) + [UInt8(ascii: " ")])
        let data = contents ?? []
        return header + padded(data, (data.count + 511) / 512 * 512)
    }
}

import Digests
import FoundationEssentials
import Stores
import TalosModel
import Trust

// One record for each imported image and none that two imports would both change: imports by several processes at once
// can't lose each other's work, and an image is there or not with one rename.

extension RecordKind {
    /// The boot files of a release, by version.
    static let bootFiles = RecordKind(rawValue: "boot-files")
    /// The catalog of extensions of a release, by version.
    static let extensionCatalogs = RecordKind(rawValue: "extension-catalogs")
    /// The catalog of overlays of a release, by version.
    static let overlayCatalogs = RecordKind(rawValue: "overlay-catalogs")
    /// Which image is the installer of a release, by version.
    static let installers = RecordKind(rawValue: "installers")
    /// Images that are kept whole, by the digest of their index or manifest.
    static let images = RecordKind(rawValue: "images")
}

struct BootFilesRecord: Codable, Hashable, Sendable {
    var provenance: ImageProvenance
    /// Architecture, then file name.
    var files: [String: [String: FileRecord]]

    struct FileRecord: Codable, Hashable, Sendable {
        var digest: Digest
        var length: UInt64
    }

    /// The architectures that have what it takes to boot.
    var architectures: [Architecture] {
        Architecture.allCases.filter { architecture in
            let names = files[architecture.rawValue]
            return names?[BootFileName.kernel.rawValue] != nil && names?[BootFileName.initramfs.rawValue] != nil
        }
    }
}

struct ExtensionCatalogRecord: Codable, Hashable, Sendable {
    var provenance: ImageProvenance
    var extensions: [OfficialExtension]
}

struct OverlayCatalogRecord: Codable, Hashable, Sendable {
    var provenance: ImageProvenance
    var overlays: [OfficialOverlay]
}

struct InstallerRecord: Codable, Hashable, Sendable {
    var provenance: ImageProvenance
    /// The image's key among the images.
    var subject: Digest
}

struct ImageRecord: Codable, Hashable, Sendable {
    var provenance: ImageProvenance
    /// The manifest for each architecture that is in the store.
    var manifests: [String: Digest]
    /// The manifest for whatever architecture is asked for, of an image that is not an index.
    var onlyManifest: Digest?

    func manifest(for architecture: Architecture) -> Digest? { onlyManifest ?? manifests[architecture.rawValue] }
}

enum RecordCoding {
    static func encode(_ record: some Encodable) throws(ReleaseError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(record)) } catch {
            throw ReleaseError(.document, "a record can't be written as JSON: \(error)")
        }
    }

    static func decode<Record: Decodable>(_ bytes: [UInt8], as type: Record.Type = Record.self) throws -> Record {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

import Digests
import Stores
import TalosModel
import Trust

// One record for each imported image and none that two imports would both change: imports by several processes at once
// can't lose each other's work, and an image is there or not with one rename.

/// A record that says where its image came from.
protocol ProvenRecord: StoredRecord, Hashable {
    var provenance: ImageProvenance { get }
}

struct BootFilesRecord: ProvenRecord {
    static var kind: RecordKind { .bootFiles }

    var provenance: ImageProvenance
    /// Architecture, then file name.
    var files: [String: [String: FileRecord]]

    struct FileRecord: Codable, Hashable, Sendable {
        var digest: Digest
        var length: UInt64
    }

    var references: [Digest] { files.values.flatMap { $0.values.map(\.digest) } }

    /// The architectures that have what it takes to boot.
    var architectures: [Architecture] {
        Architecture.allCases.filter { architecture in
            let names = files[architecture.rawValue]
            return names?[BootFileName.kernel.rawValue] != nil && names?[BootFileName.initramfs.rawValue] != nil
        }
    }
}

struct ExtensionCatalogRecord: ProvenRecord {
    static var kind: RecordKind { .extensionCatalogs }

    var provenance: ImageProvenance
    var extensions: [OfficialExtension]

    // The images that it lists have records of their own, where they have been imported.
    var references: [Digest] { [] }
}

struct OverlayCatalogRecord: ProvenRecord {
    static var kind: RecordKind { .overlayCatalogs }

    var provenance: ImageProvenance
    var overlays: [OfficialOverlay]

    var references: [Digest] { [] }
}

struct InstallerRecord: ProvenRecord {
    static var kind: RecordKind { .installers }

    var provenance: ImageProvenance
    /// The image's key among the images.
    var subject: Digest

    var references: [Digest] { [subject] }
}

struct ImageRecord: ProvenRecord {
    static var kind: RecordKind { .images }

    var provenance: ImageProvenance
    /// The manifest for each architecture that is in the store.
    var manifests: [String: Digest]
    /// The manifest for whatever architecture is asked for, of an image that is not an index.
    var onlyManifest: Digest?

    var references: [Digest] { [provenance.subject] + manifests.values + [onlyManifest].compactMap(\.self) }

    func manifest(for architecture: Architecture) -> Digest? { onlyManifest ?? manifests[architecture.rawValue] }
}

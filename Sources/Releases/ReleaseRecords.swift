import Digests
import OCIModel
import Stores
import TalosModel
import Trust

// One record for each imported image and none that two imports would both change: imports by several processes at once
// can't lose each other's work, and an image is there or not with one rename.

/// A record that says where its image came from.
protocol ProvenRecord: StoredRecord, Hashable {
    var provenance: ImageProvenance { get }
}

/// The records of imported images.
public enum ReleaseRecords {
    /// Their types.
    public static let types: [any StoredRecord.Type] = [
        BootFilesRecord.self, ExtensionCatalogRecord.self, OverlayCatalogRecord.self, InstallerRecord.self,
        ImageRecord.self, ReferrersRecord.self,
    ]
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

    func allReferences(in store: EmbeddedStore) throws(StoreError) -> [Digest] {
        var found = references
        for digest in Set(manifests.values).union([onlyManifest].compactMap(\.self)) {
            found += try Manifest.parts(of: digest, in: store)
        }
        return found
    }

    func manifest(for architecture: Architecture) -> Digest? { onlyManifest ?? manifests[architecture.rawValue] }
}

/// What refers to an image: signatures, bills of materials. Whether it is worth anything is not said.
struct ReferrersRecord: StoredRecord, Hashable {
    static var kind: RecordKind { .referrers }

    /// The most referrers of one image; the last are kept.
    static let limit = 256

    /// The image.
    var subject: Digest
    /// The manifests of what refers to it.
    var referrers: [Referrer]

    /// The manifest of one.
    struct Referrer: Codable, Hashable, Sendable {
        var digest: Digest
        var length: UInt64
        var mediaType: String
        /// The tag that it was found under in the image's repository; nil for one that names the image as its subject.
        var tag: String?
    }

    var references: [Digest] { referrers.map(\.digest) }

    func allReferences(in store: EmbeddedStore) throws(StoreError) -> [Digest] {
        var found = references
        for digest in references { found += try Manifest.parts(of: digest, in: store) }
        return found
    }
}

extension Manifest {
    /// The blobs that a stored manifest names. Without it nobody finds them.
    fileprivate static func parts(of digest: Digest, in store: EmbeddedStore) throws(StoreError) -> [Digest] {
        do throws(StoreError) {
            guard let bytes = try store.blob(digest)?.contents(limit: maximumDocumentLength),
                let manifest = try? Manifest(decoding: bytes[...])
            else { return [] }
            return [manifest.configuration.digest] + manifest.layers.map(\.digest)
        } catch {
            if error.code == .corrupt || error.code == .tooLarge { return [] }
            throw error
        }
    }
}

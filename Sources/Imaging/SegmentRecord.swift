import Compositions
import Digests
import Foundation
import Stores

extension RecordKind {
    /// The segments of extensions, by the digest of the extension's image and the layout.
    static let extensionSegments = RecordKind(rawValue: "extension-segments")
    /// The segments with the module dependencies of sets of extensions.
    static let moduleSegments = RecordKind(rawValue: "module-segments")
}

/// What is remembered of an extension that has been built.
struct ExtensionSegmentRecord: Codable {
    /// The squashfs image, and the firmware behind it.
    var member: Digest
    /// How many bytes the image has.
    var imageSize: UInt64
    /// How many bytes of archive the firmware is, uncompressed.
    var firmwareSize: UInt64
    var intelMicrocode: Digest?
    var amdMicrocode: Digest?
    /// The text of `manifest.yaml`.
    var manifest: Data
    var hasModules: Bool
}

/// What is remembered of a set of extensions' modules.
struct ModuleSegmentRecord: Codable {
    /// The squashfs image.
    var member: Digest
    /// How many bytes it has.
    var imageSize: UInt64
    var kernelRelease: String
}

extension EmbeddedStore {
    /// The record under `key`; one that cannot be read counts as none, since it can be made again.
    func decodedRecord<Record: Codable>(
        _ kind: RecordKind, _ key: String, as type: Record.Type
    ) throws(StoreError) -> Record? {
        guard let bytes = try record(kind, key) else { return nil }
        return try? JSONDecoder().decode(type, from: Data(bytes))
    }

    func setEncodedRecord(_ kind: RecordKind, _ key: String, _ record: some Codable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try setRecord(kind, key, [UInt8](try encoder.encode(record)))
    }

    /// The blob, or nil if it is not there or turned out to be damaged: either way it can be made again.
    func usableBlob(_ digest: Digest) throws(StoreError) -> StoredFile? {
        do { return try blob(digest) } catch {
            if error.code == .corrupt { return nil }
            throw error
        }
    }
}

import Compositions
import Digests
import FoundationEssentials
import Stores

/// The records of what has been built.
public enum SegmentRecords {
    /// Their types.
    public static let types: [any StoredRecord.Type] = [
        ExtensionSegmentRecord.self, ModuleSegmentRecord.self, ContentDigests.self,
    ]
}

/// What is remembered of an extension that has been built.
struct ExtensionSegmentRecord: DerivedRecord {
    static var kind: RecordKind { .extensionSegments }

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

    var references: [Digest] { [member] + [intelMicrocode, amdMicrocode].compactMap(\.self) }
}

/// What is remembered of a set of extensions' modules.
struct ModuleSegmentRecord: DerivedRecord {
    static var kind: RecordKind { .moduleSegments }

    /// The squashfs image.
    var member: Digest
    /// How many bytes it has.
    var imageSize: UInt64
    var kernelRelease: String

    var references: [Digest] { [member] }
}

extension EmbeddedStore {
    /// The blob, or nil if it is not there or turned out to be damaged: either way it can be made again.
    func usableBlob(_ digest: Digest) throws(StoreError) -> StoredFile? {
        do { return try blob(digest) } catch {
            if error.code == .corrupt { return nil }
            throw error
        }
    }
}

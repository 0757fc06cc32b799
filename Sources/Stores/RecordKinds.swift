import Compositions
import Digests

/// A group of records: the name of their folder.
public struct RecordKind: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    /// Names a group, in lower-case letters and `-`.
    public init(rawValue: String) { self.rawValue = rawValue }
}

// Every kind of record that there is. A name is a part of the store's format: a store is read by later programs than the one
// that wrote it, so that none is ever used for something else.
extension RecordKind {
    // MARK: - What has been imported

    /// The boot files of a release, by version.
    public static let bootFiles = RecordKind(rawValue: "boot-files")
    /// The catalog of extensions of a release, by version.
    public static let extensionCatalogs = RecordKind(rawValue: "extension-catalogs")
    /// The catalog of overlays of a release, by version.
    public static let overlayCatalogs = RecordKind(rawValue: "overlay-catalogs")
    /// Which image is the installer of a release, by version.
    public static let installers = RecordKind(rawValue: "installers")
    /// Images that are kept whole, by the digest of their index or manifest.
    public static let images = RecordKind(rawValue: "images")
    /// Signatures and whatever else refers to an image, by the digest of the image's index or manifest.
    public static let referrers = RecordKind(rawValue: "referrers")

    /// That imported images have been removed on purpose.
    static let removals = RecordKind(rawValue: "removals")

    // MARK: - What is made from that, and can be made again

    /// The segments of extensions, by the digest of the extension's image and the layout.
    public static let extensionSegments = RecordKind(rawValue: "extension-segments")
    /// The segments with the module dependencies of sets of extensions.
    public static let moduleSegments = RecordKind(rawValue: "module-segments")
    /// The digests of assets, by the tags of their compositions.
    public static let contentDigests = RecordKind(rawValue: "content-digests")

    // MARK: - What has been asked for

    /// Schematics in canonical form, by ID: text, whose hash is the ID.
    public static let schematics = RecordKind(rawValue: "schematics")
    /// Schematics as they were posted, by ID; only those whose canonical form cannot be read again.
    public static let postedSchematics = RecordKind(rawValue: "schematics-posted")
    /// The machines file that was in force last, with what it names.
    public static let machinesFile = RecordKind(rawValue: "machines-file")
    /// Machines that have been given an image, by MAC address, UUID or serial number.
    public static let booted = RecordKind(rawValue: "booted")

    /// Those of no type of their own, which name no blobs.
    static let withoutBlobs: Set = [removals, schematics, postedSchematics, machinesFile, booted]
}

extension ContentDigests: DerivedRecord {
    public static var kind: RecordKind { .contentDigests }
    public var references: [Digest] { [] }
}

import Digests
import TalosModel
import Trust

/// What is known of a release without reading its files: a part of a ``CatalogSnapshot``.
public struct ReleaseSummary: Hashable, Sendable {
    /// A boot file, by what was recorded of it when it was imported.
    public struct BootFile: Hashable, Sendable {
        /// Its SHA-256.
        public var digest: Digest
        /// How many bytes it has.
        public var length: UInt64
    }

    /// The version.
    public let version: TalosVersion
    /// Changes whenever anything else here does, and only then; never falls. What was made of the release holds for as long.
    public internal(set) var revision: UInt64
    /// The architectures it can boot.
    public let architectures: [Architecture]
    /// The boot files that have been imported, also those of architectures that lack some.
    public let bootFiles: [Architecture: [BootFileName: BootFile]]
    /// The extensions of its catalog, in the catalog's order.
    public let extensions: [OfficialExtension]
    /// The overlays of its catalog, in the catalog's order.
    public let overlays: [OfficialOverlay]
    /// Whether the catalog of extensions has been imported.
    public let hasExtensionCatalog: Bool
    /// Whether the catalog of overlays has been imported.
    public let hasOverlayCatalog: Bool
    /// Whether the catalog of extensions has been imported and cannot be read: which extensions there are is not known then.
    public let hasUnreadableExtensionCatalog: Bool
    /// Whether the catalog of overlays has been imported and cannot be read.
    public let hasUnreadableOverlayCatalog: Bool
    /// For each architecture the extensions whose images have not been imported.
    public let missingExtensions: [Architecture: [OfficialExtension]]
    /// For each architecture the overlays whose images have not been imported.
    public let missingOverlays: [Architecture: [OfficialOverlay]]
    let imagerProvenance: ImageProvenance?
    let installerProvenance: ImageProvenance?
    let extensionCatalogProvenance: ImageProvenance?
    let overlayCatalogProvenance: ImageProvenance?

    /// Whether the installer's image has been imported.
    public var hasInstaller: Bool { installerProvenance != nil }

    /// A release of which only these things are known.
    public init(
        version: TalosVersion, architectures: [Architecture] = [], extensions: [OfficialExtension] = [],
        overlays: [OfficialOverlay] = []
    ) {
        self.version = version
        revision = 0
        self.architectures = architectures
        bootFiles = [:]
        self.extensions = extensions
        self.overlays = overlays
        hasExtensionCatalog = !extensions.isEmpty
        hasOverlayCatalog = !overlays.isEmpty
        hasUnreadableExtensionCatalog = false
        hasUnreadableOverlayCatalog = false
        missingExtensions = [:]
        missingOverlays = [:]
        imagerProvenance = nil
        installerProvenance = nil
        extensionCatalogProvenance = nil
        overlayCatalogProvenance = nil
    }

    /// What the records say of a version whose boot files are `files`.
    init(_ version: TalosVersion, files: BootFilesRecord, in records: CatalogRecords, revision: UInt64) {
        self.version = version
        self.revision = revision
        architectures = files.architectures
        var bootFiles: [Architecture: [BootFileName: BootFile]] = [:]
        for (architecture, names) in files.files {
            guard let architecture = Architecture(rawValue: architecture) else { continue }
            for (name, file) in names {
                guard let name = BootFileName(rawValue: name) else { continue }
                bootFiles[architecture, default: [:]][name] = BootFile(digest: file.digest, length: file.length)
            }
        }
        self.bootFiles = bootFiles
        let extensions = records.extensionCatalogs.records[version]
        let overlays = records.overlayCatalogs.records[version]
        self.extensions = extensions?.extensions ?? []
        self.overlays = overlays?.overlays ?? []
        hasExtensionCatalog = extensions != nil
        hasOverlayCatalog = overlays != nil
        hasUnreadableExtensionCatalog = records.extensionCatalogs.unreadable.contains(version)
        hasUnreadableOverlayCatalog = records.overlayCatalogs.unreadable.contains(version)
        func isMissing(_ digest: Digest, _ architecture: Architecture) -> Bool {
            records.images.records[digest]?.manifest(for: architecture) == nil
        }
        var missingExtensions: [Architecture: [OfficialExtension]] = [:]
        var missingOverlays: [Architecture: [OfficialOverlay]] = [:]
        for architecture in architectures {
            missingExtensions[architecture] = self.extensions.filter { isMissing($0.digest, architecture) }
            missingOverlays[architecture] = self.overlays.filter { isMissing($0.digest, architecture) }
        }
        self.missingExtensions = missingExtensions
        self.missingOverlays = missingOverlays
        imagerProvenance = files.provenance
        installerProvenance = records.installers.records[version]?.provenance
        extensionCatalogProvenance = extensions?.provenance
        overlayCatalogProvenance = overlays?.provenance
    }

    /// The images that are this version's own, where they have been imported.
    var ownImages: [(title: String, provenance: ImageProvenance?)] {
        [
            ("imager", imagerProvenance), ("installer", installerProvenance),
            ("extension catalog", extensionCatalogProvenance), ("overlay catalog", overlayCatalogProvenance),
        ]
    }

    /// The extensions, for whoever must know all of them.
    ///
    /// - Throws: `ReleaseError` with code `document` if the catalog has been imported and cannot be read.
    public func knownExtensions() throws(ReleaseError) -> [OfficialExtension] {
        guard !hasUnreadableExtensionCatalog else { throw unreadableCatalog("extensions") }
        return extensions
    }

    /// The overlays, for whoever must know all of them.
    ///
    /// - Throws: `ReleaseError` with code `document` if the catalog has been imported and cannot be read.
    public func knownOverlays() throws(ReleaseError) -> [OfficialOverlay] {
        guard !hasUnreadableOverlayCatalog else { throw unreadableCatalog("overlays") }
        return overlays
    }

    private func unreadableCatalog(_ kind: String) -> ReleaseError {
        ReleaseError(
            .document,
            "the \(kind) of Talos \(version.tag) are not known: its catalog cannot be read; import the \(kind) image again"
        )
    }

    /// Whether both say the same, in whatever revision.
    func isSame(as other: ReleaseSummary) -> Bool {
        var copy = self
        copy.revision = other.revision
        return copy == other
    }
}

import Compositions
import Digests
import OCIModel
import Stores
import Synchronization
import TalosModel
import Trust

/// The Talos releases in a store: what they hold, and how more are brought in.
///
/// Records are kept in memory and read again when another process has changed them; that takes a look at five folders for
/// each question. Content is checked against its digest before its first use. Everything here may block; call it off the
/// cooperative thread pool.
public final class ReleaseCatalog: Sendable {
    /// The store behind it.
    public let store: EmbeddedStore
    /// Which releases are listed.
    public let listing: ReleaseListing
    /// Whose images are used.
    public let policy: any TrustPolicy
    private let state = Mutex(CatalogRecords())

    /// A catalog of what is in `store`.
    ///
    /// - Throws: `ReleaseError` if the store can't be read. A single record that can't be is left out, and named in
    ///   `problems`.
    public init(
        store: EmbeddedStore, listing: ReleaseListing = ReleaseListing(), policy: any TrustPolicy = .operatorImport
    ) throws(ReleaseError) {
        self.store = store
        self.listing = listing
        self.policy = RememberingPolicy(policy)
        try refresh()
    }

    /// Takes over what other processes have imported since the last look.
    public func refresh() throws(ReleaseError) {
        let result = state.withLock { records in
            Result { () throws(StoreError) in try records.refresh(from: store, policy) }
        }
        do { try result.get() } catch { throw ReleaseError(error) }
    }

    private var current: CatalogRecords {
        // What is known stays in force while the store can't be read.
        try? refresh()
        return state.withLock { $0 }
    }

    // MARK: - Questions

    /// The versions that are offered, in ascending order: those that the operator has handed over, and those of the others that
    /// `ReleaseListing` lists.
    public func versions() -> [TalosVersion] {
        let records = current.bootFiles.records
        let listed = Set(listing.listed(Array(records.keys)))
        return records.filter { $1.provenance.origin.isOperators || listed.contains($0) }.keys.sorted()
    }

    /// Records in the store that can't be used: a sentence for each.
    public var recordProblems: [String] { current.problems }

    /// Records and boot files in the store that can't be used, and blobs that were moved aside: a sentence for each. Boot files
    /// are looked at, not read: what has been altered shows when it is used. It takes a look at every such file, and a recent
    /// answer is given again.
    public var problems: [String] {
        let records = current
        return fileProblems.withLock { known in
            let now = ContinuousClock.now
            if let known, now - known.time < Self.lookInterval { return records.problems + known.problems }
            let problems = records.missingBootFiles(in: store) + Self.quarantined(in: store)
            known = (now, problems)
            return records.problems + problems
        }
    }

    /// How long the state of the boot files is taken for granted.
    private static let lookInterval = Duration.seconds(1)
    private let fileProblems = Mutex<(time: ContinuousClock.Instant, problems: [String])?>(nil)

    private static func quarantined(in store: EmbeddedStore) -> [String] {
        store.quarantined(limit: 100).map { digest in
            "the blob \(digest) was damaged and lies in \(store.root)/corrupt; import what it belongs to again, and look at "
                + "the disk"
        }
    }

    /// What has been imported of a version, listed or not; nil if its imager image has not. The boot files are read and
    /// hashed the first time this process asks for them.
    public func release(_ version: TalosVersion) -> Release? {
        let records = current
        guard let files = records.bootFiles.records[version] else { return nil }
        var release = Release(
            version: version, bootFiles: [:], extensions: records.extensionCatalogs.records[version]?.extensions ?? [],
            overlays: records.overlayCatalogs.records[version]?.overlays ?? [], problems: [])
        for architecture in files.architectures {
            do throws(StoreError) {
                var found: [BootFileName: StoredFile] = [:]
                for name in BootFileName.allCases {
                    guard let record = files.files[architecture.rawValue]?[name.rawValue] else { continue }
                    guard let file = try store.blob(record.digest) else {
                        release.problems.append(
                            "\(name.rawValue) of \(version.tag) for \(architecture) (\(record.digest)) is gone from the store; "
                                + "import the imager image again")
                        continue
                    }
                    found[name] = file
                }
                guard let kernel = found[.kernel], let initramfs = found[.initramfs] else { continue }
                release.bootFiles[architecture] = BootFiles(
                    kernel: kernel, initramfs: initramfs, systemdStub: found[.systemdStub],
                    systemdBoot: found[.systemdBoot], billOfMaterials: found[.billOfMaterials])
            } catch {
                release.problems.append("\(version.tag) for \(architecture): \(error)")
            }
        }
        return release
    }

    /// What has been imported of a version, without reading its files; nil if its imager image has not.
    public func summary(_ version: TalosVersion) -> ReleaseSummary? {
        let records = current
        guard let files = records.bootFiles.records[version] else { return nil }
        let extensions = records.extensionCatalogs.records[version]?.extensions ?? []
        let overlays = records.overlayCatalogs.records[version]?.overlays ?? []
        func isMissing(_ digest: Digest, _ architecture: Architecture) -> Bool {
            records.images.records[digest]?.manifest(for: architecture) == nil
        }
        var summary = ReleaseSummary(
            version: version, architectures: files.architectures, extensions: extensions, overlays: overlays,
            hasExtensionCatalog: records.extensionCatalogs.records[version] != nil,
            hasOverlayCatalog: records.overlayCatalogs.records[version] != nil,
            hasInstaller: records.installers.records[version] != nil, missingExtensions: [:], missingOverlays: [:])
        for architecture in files.architectures {
            summary.missingExtensions[architecture] = extensions.filter { isMissing($0.digest, architecture) }
            summary.missingOverlays[architecture] = overlays.filter { isMissing($0.digest, architecture) }
        }
        return summary
    }

    /// The image of an extension, found by the digest that its catalog pins.
    ///
    /// An image that is a single manifest is taken for any architecture, as the original factory does.
    ///
    /// - Throws: `ReleaseError` with code `notImported`, or what is wrong with it.
    public func extensionImage(
        _ systemExtension: OfficialExtension, architecture: Architecture
    ) throws(ReleaseError) -> VerifiedImage {
        try image(
            systemExtension.digest, architecture,
            called: "the extension \(systemExtension.name) (\(systemExtension.reference)@\(systemExtension.digest))")
    }

    /// The image of an overlay, found by the digest that its catalog pins.
    public func overlayImage(
        _ overlay: OfficialOverlay, architecture: Architecture
    ) throws(ReleaseError) -> VerifiedImage {
        try image(
            overlay.digest, architecture,
            called: "the overlay \(overlay.name) (\(overlay.reference)@\(overlay.digest))")
    }

    /// The installer's image of a version.
    public func installerImage(
        _ version: TalosVersion, architecture: Architecture
    ) throws(ReleaseError) -> VerifiedImage {
        guard let record = current.installers.records[version] else {
            throw ReleaseError(
                .notImported,
                "the installer of \(version.tag) has not been imported; import "
                    + (version.isAtLeast(1, 10) ? "siderolabs/installer-base" : "siderolabs/installer"))
        }
        return try image(record.subject, architecture, called: "the installer of \(version.tag)")
    }

    private func image(
        _ subject: Digest, _ architecture: Architecture, called name: String
    ) throws(ReleaseError) -> VerifiedImage {
        guard let record = current.images.records[subject] else {
            throw ReleaseError(
                .notImported,
                "\(name) has not been imported; import a layout that holds it under this digest ('skopeo copy --all' keeps it)"
            )
        }
        guard let manifest = record.manifest(for: architecture) else {
            throw ReleaseError(
                .notImported,
                "\(name) has been imported, but not for \(architecture); import it for all platforms ('skopeo copy --all')"
            )
        }
        let fetched = try StoredImageReader(store: store, name: name).image(record.provenance, manifest, subject)
        do throws(TrustRefusal) { return try fetched.verified(by: policy) } catch {
            throw ReleaseError(.refused, "\(name): \(error)")
        }
    }

    // MARK: - Importing

    /// Takes in the images of an OCI layout: a folder, or a tar archive of one, plain or in gzip, zstd or xz.
    ///
    /// Each image is stored whole or not at all, and a bad one does not keep out the others: see the report.
    ///
    /// - Parameters:
    ///   - version: the Talos version of images whose name and labels don't say it.
    ///   - progress: called now and then with how far it is.
    ///   - isCancelled: asked now and then; true ends the import, and images stored before stay.
    /// - Throws: `ReleaseError` if this is no layout, if the store fails (a full disk), or if the import is cancelled.
    public func importLayout(
        at path: String, version: TalosVersion? = nil, limits: ImportLimits = .standard,
        progress: @escaping (ImportProgress) -> Void = { _ in }, isCancelled: @escaping () -> Bool = { false }
    ) throws(ReleaseError) -> ImportReport {
        let meter = ProgressMeter(report: progress, isCancelled: isCancelled)
        let layout = try Self.source(path, store, limits, meter)
        let content = StagedContent(source: layout, store: store, progress: meter)
        meter.start(total: layout.byteCount)
        var finder = LayoutImageFinder(layout: layout, content: content, limits: limits)
        try finder.read(path)
        var report = ImportReport(imported: [], failures: finder.failures, skipped: finder.skipped)
        let importer = ImageImporter(
            content: content, store: store, policy: policy,
            flattener: ImageFlattener(
                store: store, limits: limits, progress: meter,
                budget: UnpackingBudget(byteCount: layout.byteCount / 2, limits)),
            origin: .operatorLayout(path: path), fallbackVersion: version)
        for image in finder.images {
            do throws(ReleaseError) {
                switch try importer.importImage(image) {
                case .imported(let imported): report.imported.append(imported)
                case .skipped(let reason): report.skipped.append(.init(name: image.shownName, reason: reason))
                }
            } catch {
                if error.endsImport { throw error }
                report.failures.append(ImportFailure(name: image.shownName, digest: image.subject, error: error))
            }
        }
        meter.finish()
        try refresh()
        return report
    }

    private static func source(
        _ path: String, _ store: EmbeddedStore, _ limits: ImportLimits, _ meter: ProgressMeter
    ) throws(ReleaseError) -> any LayoutSource {
        do {
            if LayoutFolder.isFolder(path) { return try LayoutFolder(path: path, store: store, progress: meter) }
            return try LayoutArchive(path: path, store: store, limits: limits, progress: meter)
        } catch {
            throw ReleaseError(error, reading: path)
        }
    }
}

import Stores
import TalosModel
import Trust

extension ReleaseCatalog {
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
        var referrers: [FoundReferrer] = []
        for image in finder.images {
            do throws(ReleaseError) {
                switch try importer.importImage(image) {
                case .imported(let imported): report.imported.append(imported)
                case .referrer(let referrer): referrers.append(referrer)
                case .skipped(let reason): report.skipped.append(.init(name: image.shownName, reason: reason))
                }
            } catch {
                if error.endsImport { throw error }
                report.failures.append(ImportFailure(name: image.shownName, digest: image.subject, error: error))
            }
        }
        // Behind the images, whatever the layout's order is.
        for stray in try keep(referrers) {
            report.skipped.append(
                .init(
                    name: stray.referrer.tag ?? "\(stray.referrer.digest)",
                    reason: "it is about the image \(stray.subject), which is not here"))
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

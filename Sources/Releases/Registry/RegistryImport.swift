import Digests
import Errors
import OCIModel
import Registries
import Stores
import TalosModel
import Trust
import Workers

/// Fetches releases and images from registries into a store.
public struct RegistryImport: Sendable {
    private let catalog: ReleaseCatalog
    private let client: RegistryClient
    private let fetch: RegistryFetch
    private let disk: BlockingWork
    /// Apart from the disk: what is being unpacked holds a thread for seconds, and nothing that comes in has to wait for it.
    private let unpacking: BlockingWork
    private let limits: ImportLimits

    /// How many images are fetched at once: enough that a line is busy while others are unpacked.
    private static let width = 4

    /// - Parameter progress: Called from anywhere, as bytes come in.
    public init(
        into catalog: ReleaseCatalog, from client: RegistryClient, architectures: Set<Architecture>,
        limits: ImportLimits = .standard, progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) {
        self.catalog = catalog
        self.client = client
        self.limits = limits
        let busy: @Sendable (BlockingWork.Load) -> any Error = { _ in
            ReleaseError(.busy, "too much is being written at once; do it again")
        }
        disk = BlockingWork(width: 2, capacity: 4096, refusal: busy)
        unpacking = BlockingWork(width: 2, capacity: 4096, refusal: busy)
        fetch = RegistryFetch(
            client: client, store: catalog.store, disk: disk, limits: limits, progress: FetchProgress(report: progress),
            architectures: architectures)
    }

    /// Brings a release: what it consists of itself, and what its catalogs list. Each image is stored whole or not at all, and one
    /// that fails does not keep out the others: see the report.
    ///
    /// - Throws: ``ReleaseError`` where there is no such release, or the store fails; `CancellationError`.
    public func release(
        _ version: TalosVersion, from origin: ReleaseOrigin, extensions: [String]? = nil
    ) async throws -> ImportReport {
        let hold = try await disk.run { [catalog] in try catalog.store.holdForWriting() }
        defer { withExtendedLifetime(hold) {} }
        var report = ImportReport()
        try await images(origin.ownImages(of: version), &report)
        try await disk.run { [catalog] in try catalog.refresh() }
        guard let release = catalog.snapshot.summary(version) else {
            if report.failures.isEmpty {
                throw ReleaseError(.notImported, "there is no Talos \(version.tag) at \(origin.registry)")
            }
            return report
        }
        try await images(origin.listedImages(of: release, extensions: extensions), &report)
        try await disk.run { [catalog] in try catalog.refresh() }
        return report
    }

    /// Brings one image, of whatever product.
    public func image(_ reference: ImageReference) async throws -> ImportReport {
        let hold = try await disk.run { [catalog] in try catalog.store.holdForWriting() }
        defer { withExtendedLifetime(hold) {} }
        var report = ImportReport()
        let host = try RegistryHost(of: reference)
        let repository = try Repository(of: reference)
        let name = ImageReference(
            registry: host.description, repository: repository.name,
            tag: reference.tag ?? (reference.digest == nil ? "latest" : nil), digest: reference.digest)
        try await images([WantedImage(name: name.description, place: reference, expected: .any)], &report)
        try await disk.run { [catalog] in try catalog.refresh() }
        return report
    }

    private func images(_ wanted: [WantedImage], _ report: inout ImportReport) async throws {
        try await withThrowingTaskGroup(of: ImportReport.self) { group in
            var rest = wanted[...]
            for wanted in rest.prefix(Self.width) { group.addTask { try await one(wanted) } }
            rest = rest.dropFirst(Self.width)
            while let done = try await group.next() {
                report.imported += done.imported
                report.failures += done.failures
                report.skipped += done.skipped
                if let next = rest.popFirst() { group.addTask { try await one(next) } }
            }
        }
        report.imported.sort { ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name) }
    }

    /// - Throws: What ends the whole import.
    private func one(_ wanted: WantedImage) async throws -> ImportReport {
        var report = ImportReport()
        do {
            let fetched = try await fetch.image(wanted)
            switch try await take(fetched, wanted) {
            case .imported(let image):
                report.imported.append(image)
                try await signatures(of: image, wanted, &report)
            case .skipped(let reason): report.skipped.append(.init(name: wanted.name, reason: reason))
            case .referrer(let referrer):
                report.skipped.append(
                    .init(name: wanted.name, reason: "it is about the image \(referrer.subject), and comes with that"))
            }
        } catch let error as RegistryError where error.code == .notFound && wanted.isOptional {
            report.skipped.append(.init(name: wanted.name, reason: "the registry has none"))
        } catch {
            try add(error, of: wanted.name, digest: wanted.place.digest, &report)
        }
        return report
    }

    private func signatures(of image: ImportedImage, _ wanted: WantedImage, _ report: inout ImportReport) async throws {
        let title = "what refers to \(wanted.name), such as its signatures"
        do {
            let (found, failures) = try await fetch.referrers(of: image.digest, at: wanted.place)
            if !found.isEmpty { _ = try await disk.run { [catalog] in try catalog.keep(found) } }
            for failure in failures { try add(failure, of: title, digest: image.digest, &report) }
        } catch {
            try add(error, of: title, digest: image.digest, &report)
        }
    }

    private func take(_ fetched: RegistryFetch.Fetched, _ wanted: WantedImage) async throws -> ImageImporter.Outcome {
        let host = try RegistryHost(of: wanted.place)
        return try await unpacking.run { [catalog, limits] in
            let meter = ProgressMeter(report: { _ in }, isCancelled: { false })
            let importer = ImageImporter(
                content: StagedContent(source: fetched.content, store: catalog.store, progress: meter),
                store: catalog.store, policy: catalog.policy,
                flattener: ImageFlattener(
                    store: catalog.store, limits: limits, progress: meter,
                    budget: UnpackingBudget(byteCount: fetched.byteCount, limits)),
                origin: .operatorRegistry(host: host.description), fallbackVersion: nil, expected: wanted.expected)
            return try importer.importImage(fetched.image)
        }
    }

    private func add(
        _ error: any Error, of name: String, digest: Digest?, _ report: inout ImportReport
    ) throws {
        if error is CancellationError { throw error }
        let failure = ReleaseError(error, reading: name)
        if failure.endsImport { throw failure }
        report.failures.append(ImportFailure(name: name, digest: digest, error: failure))
    }
}

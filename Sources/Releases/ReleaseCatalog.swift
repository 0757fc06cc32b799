import Compositions
import Digests
import Stores
import Synchronization
import TalosModel
import Trust
import Workers

/// The Talos releases in a store.
///
/// What they are called and hold is answered by a ``CatalogSnapshot``, which is there at once and never waits for a disk. It
/// is renewed by ``refresh()`` and what calls it: the one in force stays so while the store can't be read. What they consist
/// of, kernels and images, is read by ``bootFile(_:of:for:)`` and ``image(_:for:)``.
public final class ReleaseCatalog: Sendable {
    /// The store behind it.
    public let store: EmbeddedStore
    /// Which releases are listed.
    public let listing: ReleaseListing
    /// Whose images are used.
    public let policy: any TrustPolicy

    private struct State {
        var snapshot = CatalogSnapshot()
        /// Why the last refresh failed; nil when it did not.
        var failure: ReleaseError?
    }

    private let state = Mutex(State())
    /// What has been read so far. Taken by those who refresh, one after the other, and by nobody else.
    private let records = Mutex(CatalogRecords())

    /// Where content is read and hashed.
    let content = BlockingWork(width: 2, capacity: 256, refusal: ReleaseCatalog.busy)
    let images = SingleFlight<ImageKey, VerifiedImage>()
    let bootFiles = SingleFlight<BootFileKey, VerifiedFile>()
    let rounds = RefreshRounds()

    /// A catalog of what is in `store`. Reads all records; call it off the cooperative thread pool.
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

    /// What is known of all releases. Nothing is read or waited for.
    public var snapshot: CatalogSnapshot { state.withLock { $0.snapshot } }

    /// Takes over what has been imported since the last look, by whatever process. Looks at five folders, and reads the
    /// records that have changed; call it off the cooperative thread pool.
    ///
    /// - Throws: `ReleaseError` if the store can't be read. The snapshot stays as it was then.
    public func refresh() throws(ReleaseError) {
        let result = records.withLock { records in
            Result { () throws(StoreError) in
                // All of it or nothing: half a refresh is no state that the store was ever in.
                var next = records
                let changed = try next.refresh(from: store, policy)
                records = next
                let snapshot = changed ? CatalogSnapshot(next, listing, after: snapshot) : nil
                state.withLock { state in
                    if let snapshot { state.snapshot = snapshot }
                    state.failure = nil
                }
            }
        }
        guard case .failure(let error) = result else { return }
        let failure = ReleaseError(error)
        state.withLock { $0.failure = failure }
        throw failure
    }

    // MARK: - Problems

    /// Records, boot files and images in the store that can't be used, and blobs that were moved aside: a sentence for each, with
    /// paths of this host. Files are looked at, and none but manifests read, once each: what has been altered shows when it is
    /// used. It takes a look at every such file, and a recent answer is given again. Call it off the cooperative thread pool.
    public var problems: [String] {
        let (snapshot, failure) = state.withLock { ($0.snapshot, $0.failure) }
        var known = snapshot.recordProblems
        if let failure {
            known.append("what has been imported can't be looked at; what was known before stays in force: \(failure)")
        }
        return known
            + files.withLock { state in
                let now = ContinuousClock.now
                if let known = state.known, now - known.time < Self.lookInterval { return known.problems }
                let images = state.images.look(at: snapshot.images, in: store)
                let problems = missingBootFiles(snapshot) + images.problems + quarantined(snapshot, images)
                state.known = (now, problems)
                return problems
            }
    }

    /// What is known of the files of releases.
    private struct FileState {
        var images = StoredImageContents()
        var known: (time: ContinuousClock.Instant, problems: [String])?
    }

    /// How long the state of the files is taken for granted.
    private static let lookInterval = Duration.seconds(1)
    private let files = Mutex(FileState())

    /// What releases need for booting and the store has not, a sentence each, found without reading a file.
    private func missingBootFiles(_ snapshot: CatalogSnapshot) -> [String] {
        var problems: [String] = []
        for release in snapshot.all {
            for architecture in release.architectures {
                for name in BootFileName.allCases {
                    guard let file = release.bootFiles[architecture]?[name] else { continue }
                    guard store.length(of: file.digest) != file.length else { continue }
                    problems.append(
                        "\(name.rawValue) of \(release.version.tag) for \(architecture) (\(file.digest)) is gone from the store "
                            + "or damaged; import the imager image again")
                }
            }
        }
        return problems
    }

    private func quarantined(_ snapshot: CatalogSnapshot, _ images: StoredImageContents.Finding) -> [String] {
        let digests = store.quarantined(limit: 100)
        guard !digests.isEmpty else { return [] }
        let bootFiles = snapshot.all.flatMap { $0.bootFiles.values.flatMap { $0.values.map(\.digest) } }
        let imported = images.blobs.union(bootFiles)
        // Whatever no image has was made here; but what cannot be read may name anything.
        let isComplete = images.isComplete && snapshot.recordProblems.isEmpty
        return digests.map { digest in
            let remedy =
                isComplete && !imported.contains(digest)
                ? "no imported image has it, so that it is built again when it is asked for; look at the disk"
                : "import what it belongs to again, and look at the disk"
            return "the blob \(digest) was damaged and lies in \(store.root)/corrupt; \(remedy)"
        }
    }

    @Sendable private static func busy(_ load: BlockingWork.Load) -> any Error {
        ReleaseError(
            .busy,
            "\(load.running) files of releases are being read and \(load.waiting) are waiting; try again in a moment"
        )
    }
}

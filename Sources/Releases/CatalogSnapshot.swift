import Digests
import TalosModel
import Trust

/// All that was known of the releases in the store at one time. It answers every question at once: nothing is read or
/// waited for.
public struct CatalogSnapshot: Sendable {
    /// Grows whenever something that has been imported changes.
    public let revision: UInt64
    /// The versions that are offered, in ascending order: those that the operator has handed over, and those of the others
    /// that `ReleaseListing` lists.
    public let versions: [TalosVersion]
    /// The versions that are there and are not offered, in ascending order.
    public let hiddenVersions: [TalosVersion]
    /// Records in the store that can't be used: a sentence for each.
    public let recordProblems: [String]
    private let releases: [TalosVersion: ReleaseSummary]
    let images: [Digest: ImageRecord]
    /// The images that each version's records name, also of versions that cannot boot.
    private let named: [TalosVersion: Set<Digest>]
    /// Whether some release's record cannot be read, so that it is not known what it names.
    let hasUnreadableReleases: Bool
    /// The images that have been imported and whose records cannot be read.
    let unreadableImages: Set<Digest>

    /// One of an empty store.
    init() {
        revision = 0
        versions = []
        hiddenVersions = []
        recordProblems = []
        releases = [:]
        images = [:]
        named = [:]
        hasUnreadableReleases = false
        unreadableImages = []
    }

    /// What the records say. A release that is as it was in the snapshot before has the revision that it had there.
    init(_ records: CatalogRecords, _ listing: ReleaseListing, after previous: CatalogSnapshot) {
        let next = previous.revision &+ 1
        var releases: [TalosVersion: ReleaseSummary] = [:]
        for (version, files) in records.bootFiles.records {
            var release = ReleaseSummary(version, files: files, in: records, revision: next)
            if let known = previous.releases[version], known.isSame(as: release) { release.revision = known.revision }
            releases[version] = release
        }
        let listed = Set(listing.listed(Array(releases.keys)))
        func isOffered(_ version: TalosVersion) -> Bool {
            records.bootFiles.records[version]?.provenance.origin.isOperators == true || listed.contains(version)
        }
        revision = next
        self.releases = releases
        versions = releases.keys.filter(isOffered).sorted()
        hiddenVersions = releases.keys.filter { !isOffered($0) }.sorted()
        recordProblems = records.problems
        images = records.images.records
        named = records.namedImages
        hasUnreadableReleases =
            !(records.bootFiles.unreadable.isEmpty && records.installers.unreadable.isEmpty
            && records.extensionCatalogs.unreadable.isEmpty && records.overlayCatalogs.unreadable.isEmpty)
        unreadableImages = records.images.unreadable
    }

    /// What has been imported of a version, offered or not; nil if its imager image has not.
    public func summary(_ version: TalosVersion) -> ReleaseSummary? { releases[version] }

    /// Whether anything of a version is here, and be it a catalog alone.
    func knows(_ version: TalosVersion) -> Bool { named[version] != nil }

    /// The images that one version names, and no other.
    func images(onlyOf version: TalosVersion) -> Set<Digest> {
        var others: Set<Digest> = []
        for (other, digests) in named where other != version { others.formUnion(digests) }
        // The manifests that stand in an index are images of their own, and go with it.
        func withManifests(_ digests: Set<Digest>) -> Set<Digest> {
            digests.reduce(into: digests) { $0.formUnion(images[$1]?.manifests.values.map(\.self) ?? []) }
        }
        return withManifests(named[version] ?? []).subtracting(withManifests(others)).filter { images[$0] != nil }
    }

    /// All releases, by version in ascending order.
    var all: [ReleaseSummary] { releases.values.sorted { $0.version < $1.version } }
}

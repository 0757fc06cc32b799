import Digests
import OCIModel
import Stores
import Trust

/// What the images that are kept whole consist of. A manifest never changes, so that each is read once.
struct StoredImageContents {
    /// What a look at all images has found.
    struct Finding {
        /// Images that are not whole, a sentence each.
        var problems: [String] = []
        /// The blobs of the images whose manifests could be read.
        var blobs: Set<Digest> = []
        /// Whether these are all of them.
        var isComplete = true
    }

    /// A blob as the manifest describes it.
    private struct Part {
        var digest: Digest
        var length: UInt64
    }

    /// An image that is not whole, and a blob that it lacks.
    private struct Damage: Hashable {
        var title: String
        var digest: Digest
    }

    /// By manifest.
    private var parts: [Digest: [Part]] = [:]
    /// More than anybody reads at once.
    private static let limit = 100

    /// Looks at every blob of the images, and reads none but manifests.
    mutating func look(at images: [Digest: ImageRecord], in store: EmbeddedStore) -> Finding {
        var finding = Finding()
        var known: [Digest: [Part]] = [:]
        // An index and its manifests may be images of their own, and are one to whoever imports.
        var damaged: Set<Damage> = []
        for (subject, record) in images {
            var missing: Digest?
            let manifests = Set(record.manifests.values).union([record.onlyManifest].compactMap(\.self))
            finding.blobs.formUnion(manifests.union([subject]))
            if store.length(of: subject) == nil { missing = subject }
            for manifest in manifests {
                guard store.length(of: manifest) != nil,
                    let found = parts[manifest] ?? Self.parts(of: manifest, in: store)
                else {
                    missing = manifest
                    finding.isComplete = false
                    continue
                }
                known[manifest] = found
                for part in found {
                    finding.blobs.insert(part.digest)
                    if store.length(of: part.digest) != part.length { missing = part.digest }
                }
            }
            if let missing {
                damaged.insert(Damage(title: record.provenance.reference ?? "\(subject)", digest: missing))
            }
        }
        parts = known
        finding.problems = damaged.sorted { ($0.title, $0.digest) < ($1.title, $1.digest) }.prefix(Self.limit).map {
            "the image \($0.title) is not whole: its blob \($0.digest) is gone from the store or damaged; import the image again"
        }
        if damaged.count > Self.limit {
            finding.problems.append("and \(damaged.count - Self.limit) more images are not whole")
        }
        return finding
    }

    private static func parts(of digest: Digest, in store: EmbeddedStore) -> [Part]? {
        guard let bytes = try? store.blob(digest)?.contents(limit: maximumDocumentLength),
            let manifest = try? Manifest(decoding: bytes[...])
        else { return nil }
        return ([manifest.configuration] + manifest.layers).map { Part(digest: $0.digest, length: $0.size) }
    }
}

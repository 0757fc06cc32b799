import Digests
import OCIModel
import Registries
import Stores
import Workers

extension RegistryFetch {
    /// What refers to an image at its registry: by the referrers' list or the tag in its place, and by cosign's tags.
    ///
    /// - Throws: `RegistryError` where it cannot be said what there is; `ReleaseError`, `StoreError`; `CancellationError`.
    func referrers(of subject: Digest, at place: ImageReference) async throws -> [FoundReferrer] {
        let repository = try Repository(of: place)
        var documents: [(document: RegistryDocument, tag: String?)] = []
        for referrer in try await client.referrers(to: subject, in: repository).prefix(ReferrersRecord.limit) {
            documents.append((referrer.document, nil))
        }
        for suffix in ReferrerTag.suffixes {
            let tag = "sha256-\(subject.hexadecimal)\(suffix)"
            var reference = place
            (reference.tag, reference.digest) = (tag, nil)
            do { documents.append((try await client.document(reference), tag)) } catch let error as RegistryError
                where error.code == .notFound
            {}
        }
        var found: [FoundReferrer] = []
        for (document, tag) in documents {
            guard let manifest = try? document.manifest() else { continue }
            var content = FetchedContent()
            for part in [manifest.configuration] + manifest.layers {
                guard part.size <= limits.referrerBytes else {
                    throw ReleaseError(
                        .limit,
                        "what refers to \(subject) has a blob of \(part.size) bytes, and \(limits.referrerBytes) are allowed"
                    )
                }
                progress.expect(part.size)
                content.blobs[part.digest] = try await blob(part, of: repository)
            }
            let bytes = document.bytes
            let blob = try await disk.run { [store] in
                try store.stage(expecting: document.digest, limit: UInt64(bytes.count)) { try $0.write(bytes) }
            }
            let referrer = try FoundReferrer(
                manifest, blob, document.descriptor, named: tag,
                { part throws(ReleaseError) in
                    do { return try content.stage(part) } catch { throw ReleaseError(error, reading: "\(part.digest)") }
                }, limit: limits.referrerBytes)
            // One that names another image says nothing of this one.
            if let referrer, referrer.subject == subject { found.append(referrer) }
        }
        return found
    }
}

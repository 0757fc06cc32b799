import Digests
import OCIModel
import Registries
import Stores
import Workers

extension RegistryFetch {
    /// What refers to an image at its registry: by the referrers' list or the tag in its place, and by cosign's tags.
    ///
    /// - Returns: What there is, and why some of it could not be had.
    /// - Throws: `RegistryError` where it cannot be said what there is; `StoreError`; `CancellationError`.
    func referrers(
        of subject: Digest, at place: ImageReference
    ) async throws -> (found: [FoundReferrer], failures: [any Error]) {
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
        var failures: [any Error] = []
        var left = limits.referrersBytes
        for (document, tag) in documents {
            do {
                guard let referrer = try await referrer(document, tag, of: subject, in: repository, &left) else {
                    continue
                }
                found.append(referrer)
            } catch let error where !(error is CancellationError) {
                // A broken one does not keep out the others.
                failures.append(error)
            }
        }
        return (found, failures)
    }

    /// - Parameter left: How many bytes may come yet.
    private func referrer(
        _ document: RegistryDocument, _ tag: String?, of subject: Digest, in repository: Repository,
        _ left: inout UInt64
    ) async throws -> FoundReferrer? {
        let title = tag ?? "\(document.digest)"
        guard let manifest = try document.manifest() else {
            throw ReleaseError(
                .document, "\(title), which refers to \(subject), is an index, and only manifests are kept")
        }
        let parts = [manifest.configuration] + manifest.layers
        left -= try Self.sum(parts, limit: min(left, limits.referrerBytes), of: "\(title), which refers to \(subject),")
        var content = FetchedContent()
        for part in parts {
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
        return referrer?.subject == subject ? referrer : nil
    }
}

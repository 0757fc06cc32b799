import Digests
import OCIModel
import Stores

/// Something that refers to an image: a signature, a bill of materials. It is kept beside the image, whoever has made it.
struct FoundReferrer {
    /// The image.
    let subject: Digest
    /// Its manifest.
    let referrer: ReferrersRecord.Referrer
    /// Its manifest, configuration and layers.
    let blobs: [StagedBlob]

    /// What a manifest says about another; nil if it is an image.
    ///
    /// It names the image as its subject (image specification 1.1), or its tag does, as cosign writes signatures.
    init?(
        _ manifest: Manifest, _ blob: StagedBlob, _ descriptor: Descriptor, named name: String?,
        _ content: (Descriptor) throws(ReleaseError) -> StagedBlob, limit: UInt64
    ) throws(ReleaseError) {
        let tag = name.flatMap(ReferrerTag.init(endOf:))
        guard let subject = manifest.subject?.digest ?? tag?.subject else { return nil }
        self.subject = subject
        referrer = .init(
            digest: descriptor.digest, length: descriptor.size, mediaType: manifest.mediaType.rawValue,
            tag: manifest.subject == nil ? tag?.text : nil)
        var blobs = [blob]
        for part in [manifest.configuration] + manifest.layers {
            guard part.size <= limit else {
                throw ReleaseError(
                    .limit, "what refers to \(subject) has a blob of \(part.size) bytes, and \(limit) are allowed")
            }
            blobs.append(try content(part))
        }
        self.blobs = blobs
    }
}

/// A tag that names an image: `sha256-<hex>.sig`, and likewise `.att` and `.sbom`, as cosign makes them.
struct ReferrerTag {
    /// The tag.
    let text: String
    /// The image.
    let subject: Digest

    /// The suffixes that cosign has, for signatures, attestations and bills of materials.
    static let suffixes = [".sig", ".att", ".sbom"]

    /// The tag at the end of a name, which may be all of it; nil if that is none of these.
    init?(endOf name: String) {
        let bytes = name.utf8
        let start = bytes.lastIndex { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }
        let tag = start.map { bytes[bytes.index(after: $0)...] } ?? bytes[...]
        let prefix = "sha256-"
        guard tag.starts(with: prefix.utf8) else { return nil }
        let rest = tag.dropFirst(prefix.utf8.count)
        guard let digest = Digest(hexadecimal: String(decoding: rest.prefix(64), as: UTF8.self)),
            Self.suffixes.contains(where: { rest.dropFirst(64).elementsEqual($0.utf8) })
        else { return nil }
        text = String(decoding: tag, as: UTF8.self)
        subject = digest
    }
}

extension ReleaseCatalog {
    /// Keeps referrers beside the images that they are about.
    ///
    /// - Returns: those whose image is not here, of which nothing is kept.
    func keep(_ found: [FoundReferrer]) throws(ReleaseError) -> [FoundReferrer] {
        var strays: [FoundReferrer] = []
        for (subject, referrers) in Dictionary(grouping: found, by: \.subject).sorted(by: { $0.key < $1.key }) {
            do throws(StoreError) {
                guard try store.recordIdentity(.images, subject.hexadecimal) != nil else {
                    strays += referrers
                    continue
                }
                var record = ReferrersRecord(subject: subject, referrers: [])
                // One that cannot be read is written anew.
                if let bytes = try store.record(.referrers, subject.hexadecimal),
                    let known = try? ReferrersRecord(decodingRecord: bytes)
                {
                    record.referrers = known.referrers
                }
                for found in referrers where !record.referrers.contains(found.referrer) {
                    record.referrers.append(found.referrer)
                }
                record.referrers = Array(record.referrers.suffix(ReferrersRecord.limit))
                try store.publish(referrers.flatMap(\.blobs), [(subject.hexadecimal, record)])
            } catch {
                throw ReleaseError(error)
            }
        }
        return strays
    }
}

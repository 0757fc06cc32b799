import Compositions
import Digests
import Stores
import TalosModel
import Trust
import Workers

/// Which image is being read.
struct ImageKey: Hashable, Sendable {
    var digest: Digest
    var architecture: Architecture
}

/// Which boot file is being read, and for which image's sake.
struct BootFileKey: Hashable, Sendable {
    var file: ReleaseSummary.BootFile
    var provenance: ImageProvenance?
}

// Whoever asks for the same at the same time shares one reading, off the cooperative pool; one that everybody has turned
// away from while it was waiting for its turn is not begun.
extension ReleaseCatalog {
    /// An image that is kept whole, found by its digest. Its documents are read and its layers hashed, the latter once in a
    /// process.
    ///
    /// An image that is a single manifest is taken for any architecture, as the original factory does. One that the snapshot
    /// does not know may have been imported this moment, so that the store is looked at once more.
    ///
    /// - Throws: `ReleaseError` with code `notImported`, `refused`, `busy` or what is wrong with the image;
    ///   `CancellationError`.
    public func image(_ pinned: PinnedImage, for architecture: Architecture) async throws -> VerifiedImage {
        if snapshot.images[pinned.digest]?.manifest(for: architecture) == nil { _ = try await refreshed() }
        let key = ImageKey(digest: pinned.digest, architecture: architecture)
        return try await images.value(for: key) { [self] in
            try await content.run { [self] in try readImage(pinned, for: architecture) }
        }
    }

    /// A file of a release's imager image. It is read and hashed the first time that this process asks for it.
    ///
    /// - Throws: `ReleaseError` with code `notImported` for one that the image did not have, `blob` for one that is gone,
    ///   `refused`, `busy`, or what the store found; `CancellationError`.
    public func bootFile(
        _ name: BootFileName, of release: ReleaseSummary, for architecture: Architecture
    ) async throws -> VerifiedFile {
        let file = try release.bootFile(name, for: architecture)
        return try await bootFiles.value(for: BootFileKey(file: file, provenance: release.imagerProvenance)) { [self] in
            try await content.run { [self] in try readBootFile(name, of: release, for: architecture) }
        }
    }

    /// A file of a release's imager image as it lies in the store. Nobody has checked its bytes, so that its identity is nil.
    /// Blocks for a look at the file.
    ///
    /// - Throws: `ReleaseError` with code `notImported` for one that the image did not have, `blob` for one that is gone or has
    ///   another length than was recorded.
    public func unreadBootFile(
        _ name: BootFileName, of release: ReleaseSummary, for architecture: Architecture
    ) throws(ReleaseError) -> StoredFile {
        let file = try release.bootFile(name, for: architecture)
        guard let found = store.unreadBlob(file.digest), found.length == file.length else {
            throw ReleaseError(
                .blob,
                "\(release.title(of: name, for: architecture)) (\(file.digest)) is gone from the store or damaged; import the "
                    + "imager image again")
        }
        return found
    }

    /// What is the matter with a release's boot files, a sentence each. All of them are read; call it off the cooperative
    /// thread pool.
    public func damage(to release: ReleaseSummary) -> [String] {
        var problems: [String] = []
        for architecture in release.architectures {
            for name in BootFileName.allCases where release.bootFiles[architecture]?[name] != nil {
                do throws(ReleaseError) { _ = try readBootFile(name, of: release, for: architecture) } catch {
                    problems.append(error.message)
                }
            }
        }
        return problems
    }

    /// What is the matter with an image that has been imported; nil if nothing is, or if it has not been. All of it is read; call
    /// it off the cooperative thread pool.
    public func damage(to image: PinnedImage, for architecture: Architecture) -> String? {
        do throws(ReleaseError) { _ = try readImage(image, for: architecture) } catch {
            if error.code == .notImported { return nil }
            // What the store says of a blob does not name the image.
            return error.message.hasPrefix(image.title) ? error.message : "\(image.title): \(error.message)"
        }
        return nil
    }

    func readImage(_ pinned: PinnedImage, for architecture: Architecture) throws(ReleaseError) -> VerifiedImage {
        let snapshot = snapshot
        guard let record = snapshot.images[pinned.digest] else {
            guard !snapshot.unreadableImages.contains(pinned.digest) else {
                throw ReleaseError(.blob, "\(pinned.title): its record cannot be read; import it again")
            }
            throw ReleaseError(
                .notImported,
                "\(pinned.title) has not been imported; import a layout that holds it under this digest ('skopeo copy --all' "
                    + "keeps it)"
            )
        }
        guard let manifest = record.manifest(for: architecture) else {
            throw ReleaseError(
                .notImported,
                "\(pinned.title) has been imported, but not for \(architecture); import it for all platforms ('skopeo copy "
                    + "--all')"
            )
        }
        let fetched = try StoredImageReader(store: store, name: pinned.title).image(
            record.provenance, manifest, pinned.digest)
        do throws(TrustRefusal) { return try fetched.verified(by: policy) } catch {
            throw ReleaseError(.refused, "\(pinned.title): \(error)", cause: error)
        }
    }

    func readBootFile(
        _ name: BootFileName, of release: ReleaseSummary, for architecture: Architecture
    ) throws(ReleaseError) -> VerifiedFile {
        let file = try release.bootFile(name, for: architecture)
        let title = release.title(of: name, for: architecture)
        guard let provenance = release.imagerProvenance else { throw release.lacks(name, for: architecture) }
        do {
            guard let blob = try store.blob(file.digest) else {
                throw ReleaseError(
                    .blob, "\(title) (\(file.digest)) is gone from the store; import the imager image again")
            }
            return try FetchedFile(evidence: ImageEvidence(provenance), file: blob).verified(by: policy)
        } catch {
            throw ReleaseError(error, reading: title)
        }
    }
}

extension ReleaseSummary {
    /// - Throws: `ReleaseError` with code `notImported`.
    fileprivate func bootFile(
        _ name: BootFileName, for architecture: Architecture
    ) throws(ReleaseError) -> BootFile {
        guard let file = bootFiles[architecture]?[name] else { throw lacks(name, for: architecture) }
        return file
    }

    fileprivate func lacks(_ name: BootFileName, for architecture: Architecture) -> ReleaseError {
        ReleaseError(
            .notImported,
            "\(title(of: name, for: architecture)) has not been imported; import an imager image that has it")
    }

    fileprivate func title(of name: BootFileName, for architecture: Architecture) -> String {
        "\(name.rawValue) of \(version.tag) for \(architecture)"
    }
}

import Digests
import Imaging
import Releases
import Schematics
import TalosModel
import Trust
import Workers

extension Factory {
    /// What is known of all releases. Nothing is read or waited for.
    public var releases: CatalogSnapshot { catalog.snapshot }

    /// What is known of all releases, if that is enough for the caller. Where it is not, what he misses may have been imported
    /// this moment, and he gets what is known after one more look at the store.
    ///
    /// - Throws: ``FactoryError`` with the code `storage` or `busy`.
    public func releases(where isEnough: (CatalogSnapshot) -> Bool) async throws -> CatalogSnapshot {
        let known = catalog.snapshot
        if isEnough(known) { return known }
        do { return try await catalog.refreshed() } catch let error as ReleaseError {
            if error.code == .busy { throw FactoryError(.busy, error.message) }
            throw FactoryError(.storage, "the releases in the store cannot be looked at", cause: error)
        }
    }

    /// The release of a version. None of its files are read for that.
    ///
    /// - Throws: ``FactoryError``: `invalidRequest` when the text is no version, `versionNotFound` when it is not in the store.
    public func release(_ text: String) async throws -> ReleaseSummary { try await release(parseVersion(text)) }

    /// The release of a version. None of its files are read for that.
    ///
    /// - Throws: ``FactoryError``, with the code `versionNotFound` when it is not in the store.
    @discardableResult
    public func release(_ version: TalosVersion) async throws -> ReleaseSummary {
        guard let release = try await releases(where: { $0.summary(version) != nil }).summary(version) else {
            throw FactoryError(.versionNotFound, "version \(version) is not available")
        }
        return release
    }

    /// The release of a version that has what boots an architecture.
    ///
    /// - Throws: ``FactoryError``, with the code `versionNotFound` when there is none.
    func release(_ version: TalosVersion, for architecture: Architecture) async throws -> ReleaseSummary {
        let known = try await releases { $0.summary(version)?.architectures.contains(architecture) == true }
        guard let release = known.summary(version) else {
            throw FactoryError(.versionNotFound, "version \(version) is not available")
        }
        guard release.architectures.contains(architecture) else {
            throw FactoryError(.versionNotFound, "version \(version) is not available for \(architecture)")
        }
        return release
    }

    /// A boot file of a release.
    ///
    /// - Throws: ``FactoryError`` with the code `storage` when it is damaged or gone, which is our trouble, and not the
    ///   client's wrong choice; or `busy`.
    func bootFile(
        _ name: BootFileName, of release: ReleaseSummary, for architecture: Architecture
    ) async throws -> VerifiedFile {
        do { return try await catalog.bootFile(name, of: release, for: architecture) } catch let error as ReleaseError {
            if error.code == .busy { throw FactoryError(.busy, error.message) }
            throw FactoryError(
                .storage,
                "boot files of version \(release.version) are damaged or gone; import the imager image again",
                cause: error)
        }
    }

    /// What an initramfs consists of: nothing is built, but content that this process has not used before is hashed.
    ///
    /// - Throws: ``FactoryError``, `ImagingError`.
    func plan(
        _ schematic: Schematic, _ version: TalosVersion, _ architecture: Architecture
    ) async throws -> InitramfsPlan {
        var release = try await release(version, for: architecture)
        let extensions: [OfficialExtension]
        do { extensions = try await select(schematic, release) } catch let error as ImagingError
            where [.extensionNotAvailable, .overlayNotAvailable].contains(error.code)
        {
            // The catalog that has it may have been imported this moment.
            let newer = try await releases(where: { _ in false }).summary(version)
            guard let newer, newer.revision != release.revision else { throw error }
            release = newer
            extensions = try await select(schematic, newer)
        }
        let base = try await bootFile(.initramfs, of: release, for: architecture)
        var images: [Digest: VerifiedImage] = [:]
        for official in extensions { images[official.digest] = try await image(of: official, for: architecture) }
        return try await plans.run { [release, images] in
            try Imager.plan(
                schematic: schematic, release: release, architecture: architecture, base: base, images: images)
        }
    }

    private func select(_ schematic: Schematic, _ release: ReleaseSummary) async throws -> [OfficialExtension] {
        try await plans.run { try Imager.extensions(for: schematic, of: release) }
    }

    private func image(of official: OfficialExtension, for architecture: Architecture) async throws -> VerifiedImage {
        do { return try await catalog.image(official.image, for: architecture) } catch let error as ReleaseError {
            switch error.code {
            case .busy: throw FactoryError(.busy, error.message)
            case .notImported, .refused:
                throw FactoryError(.versionNotFound, "the extension '\(official.name)': \(error)")
            default:
                throw FactoryError(
                    .buildFailed, "the image cannot be made; this server's log says why", cause: error)
            }
        }
    }
}

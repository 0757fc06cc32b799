import Compositions
import Releases
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

    /// The extensions of a release's catalog.
    ///
    /// - Throws: ``FactoryError``, with the code `storage` when the catalog has been imported and cannot be read.
    public func extensions(of release: ReleaseSummary) throws(FactoryError) -> [OfficialExtension] {
        do throws(ReleaseError) { return try release.knownExtensions() } catch {
            throw FactoryError(.storage, error.message)
        }
    }

    /// The overlays of a release's catalog.
    ///
    /// - Throws: ``FactoryError``, with the code `storage` when the catalog has been imported and cannot be read.
    public func overlays(of release: ReleaseSummary) throws(FactoryError) -> [OfficialOverlay] {
        do throws(ReleaseError) { return try release.knownOverlays() } catch {
            throw FactoryError(.storage, error.message)
        }
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
            throw Self.unusableBootFile(of: release, error)
        }
    }

    /// A boot file of a release as it lies in the store: nobody has checked its bytes, and they are not to be used. Blocks for a
    /// look at the file.
    func unreadBootFile(
        _ name: BootFileName, of release: ReleaseSummary, for architecture: Architecture
    ) throws(FactoryError) -> StoredFile {
        do throws(ReleaseError) { return try catalog.unreadBootFile(name, of: release, for: architecture) } catch {
            throw Self.unusableBootFile(of: release, error)
        }
    }

    private static func unusableBootFile(of release: ReleaseSummary, _ cause: ReleaseError) -> FactoryError {
        FactoryError(
            .storage, "boot files of version \(release.version) are damaged or gone; import the imager image again",
            cause: cause)
    }

    /// The image of one of a release's extensions.
    ///
    /// - Throws: ``FactoryError``: `versionNotFound` for one that has not been imported or is refused, `storage` for one that is
    ///   damaged or gone, or `busy`.
    func image(of official: OfficialExtension, for architecture: Architecture) async throws -> VerifiedImage {
        do { return try await catalog.image(official.image, for: architecture) } catch let error as ReleaseError {
            switch error.code {
            case .busy: throw FactoryError(.busy, error.message)
            case .notImported, .refused:
                throw FactoryError(.versionNotFound, "the extension '\(official.name)': \(error)")
            default:
                throw FactoryError(
                    .storage, "the image of the extension '\(official.name)' is damaged or gone; import it again",
                    cause: error)
            }
        }
    }
}

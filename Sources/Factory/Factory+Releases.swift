import BlockingWork
import Releases
import TalosModel

extension Factory {
    /// The versions in the store, ascending.
    public func versions() async throws -> [TalosVersion] {
        try await storage.run { [catalog] in catalog.versions() }
    }

    /// What is known of a version without reading its files; nil when it is not in the store.
    public func summary(_ version: TalosVersion) async throws -> ReleaseSummary? {
        try await storage.run { [catalog] in catalog.summary(version) }
    }

    /// The release of a version.
    ///
    /// - Throws: ``FactoryError``: `invalidRequest` when the text is no version, `versionNotFound` when it is not in the store.
    public func release(_ text: String) async throws -> Release { try await release(parseVersion(text)) }

    /// The release of a version.
    public func release(_ version: TalosVersion) async throws -> Release {
        guard let release = try await plans.run({ [catalog] in catalog.release(version) }) else {
            throw FactoryError(.versionNotFound, "version \(version) is not available")
        }
        return release
    }

    /// Refuses a version that is not in the store. None of its files are read for that.
    ///
    /// - Throws: ``FactoryError`` with the code `versionNotFound`.
    public func requireRelease(_ version: TalosVersion) async throws {
        guard try await storage.run({ [catalog] in catalog.summary(version) != nil }) else {
            throw FactoryError(.versionNotFound, "version \(version) is not available")
        }
    }
}

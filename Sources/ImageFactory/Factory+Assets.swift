import Compositions
import Glibc
import Imaging
import Logging
import Metrics
import Releases
import Schematics
import Stores
import TalosModel
import Workers

extension Factory {
    /// An asset of a schematic: as it is remembered, or made.
    ///
    /// - Parameters:
    ///   - id: The schematic's ID.
    ///   - version: The version, with or without `v`.
    ///   - path: The last part of an `/image` path, as in `initramfs-amd64.xz`.
    ///   - fileName: The name that the asset is saved under; nil takes `path`. The checksum of an asset is told for this name, and
    ///     saved under it with the checksum's ending.
    ///   - maySendElsewhere: Whether whoever asks may be told another server's URL. Asked only where there may be one.
    ///   - whileWanted: Runs what it takes to make one that is not remembered, for as long as that is of use.
    /// - Throws: ``FactoryError``; what `whileWanted` throws.
    public func asset(
        schematic id: String, version: String, path: String, fileName: String? = nil,
        maySendElsewhere: @autoclosure () -> Bool = false,
        whileWanted: (_ making: @escaping @Sendable () async throws -> Asset) async throws -> Asset = { try await $0() }
    ) async throws -> Asset {
        // What cannot be asked for has not been made either. It is told in the order of the path.
        let version = Result { () throws(FactoryError) in try parseVersion(version) }
        let target = Result { () throws(FactoryError) in try Self.assetPath(path) }
        var name = fileName ?? path
        if fileName != nil, let (_, algorithm) = (try? target.get())?.checksummed { name += algorithm.suffix }
        var key: AssetKey?
        if let id = SchematicID(parsing: id), let version = try? version.get(), let path = try? target.get(),
            // Under names of their own strangers could push out everything else.
            path.checksummed == nil || path.path == name
        {
            // Nothing is remembered while its release is not there.
            key = releases.summary(version).map {
                AssetKey(schematic: id, version: version, path: path, revision: $0.revision)
            }
        }
        let sharing = key.flatMap { key in
            finished.flatMap { key.isShared(savedAs: name) && maySendElsewhere() ? Sharing(place: $0, key: key) : nil }
        }
        if let sharing, let body = await sharing.place.find(sharing.key) {
            return Asset(path: sharing.key.path, body: body, fileName: name)
        }
        if let key, var remembered = try await look(for: key) {
            remembered.fileName = name
            guard let sharing else { return remembered }
            return try await whileWanted { [self, remembered] in try await share(remembered, sharing) }
        }
        return try await whileWanted { [self, key, name] in
            let schematic = try await schematic(id)
            let asset = try await make(
                AssetOrder(target.get(), of: schematic, version: version.get(), fileName: name))
            if let key {
                var kept = asset
                // Whoever asked may have chosen a name as long as he liked.
                kept.fileName = asset.path.path
                // Made of this state of the release or a later one, which nobody finds under an earlier one's name.
                assets[key] = kept
            }
            guard let sharing else { return asset }
            return try await share(asset, sharing)
        }
    }

    /// A place for a finished asset, and by what it is found there.
    private struct Sharing {
        var place: any FinishedAssets
        var key: AssetKey
    }

    /// An asset as it is sent when its place has taken it, and as it is where that does not.
    private func share(_ asset: Asset, _ sharing: Sharing) async throws -> Asset {
        guard let composition = asset.composition else { return asset }
        let body = await sharing.place.keep(composition, as: sharing.key) { [self] in
            try await BuildingResolver(factory: self).product(of: DigestPart(of: composition)).sha256
        }
        try Task.checkCancellation()
        guard let body else { return asset }
        var shared = asset
        shared.body = body
        return shared
    }

    private func look(for key: AssetKey) async throws -> Asset? {
        guard let asset = assets[key] else { return nil }
        return try await storage.run { [store] in asset.isIntact(in: store) ? asset : nil }
    }

    private func make(_ order: AssetOrder) async throws -> Asset {
        let composition = try await composition(of: order)
        let modified = try await storage.run { [started] in composition.modified(madeSince: started) }
        return Asset(path: order.path, body: .composition(composition, modified: modified), fileName: order.fileName)
    }

    /// The bytes of an asset. Each of its parts that is new is built once, however many ask for it.
    public func composition(of order: AssetOrder) async throws -> Composition {
        do { return try await Recipes.composition(of: order, by: BuildingResolver(factory: self)) } catch let error
            as ImagingError
        { throw FactoryError(error) }
    }

    /// How long an asset is, if nothing has to be built to know it; nil otherwise. Nothing is written, and none of the release's
    /// own files is read.
    public func knownLength(of order: AssetOrder) async throws -> UInt64? {
        do {
            return try await Recipes.composition(of: order, by: PeekingResolver(factory: self)).length
        } catch is PeekingResolver.NotBuilt { return nil } catch let error as ImagingError { throw FactoryError(error) }
    }

    /// Reads the last part of an `/image` path.
    ///
    /// - Throws: ``FactoryError`` with the code `invalidRequest`.
    private static func assetPath(_ path: String) throws(FactoryError) -> AssetPath {
        do { return try AssetPath(parsing: path) } catch {
            throw FactoryError(.invalidRequest, "error parsing profile from path: \(error)")
        }
    }

    /// Logs and measures a build.
    func timing<Value>(_ kind: String, _ name: String, _ build: () async throws -> Value) async throws -> Value {
        let start = ContinuousClock.now
        do {
            let value = try await build()
            let duration = ContinuousClock.now - start
            Timer(label: "slipway_build_seconds", dimensions: [("kind", kind), ("outcome", "built")])
                .record(duration: duration)
            logger.info(
                "built", metadata: ["build.kind": "\(kind)", "build.name": "\(name)", "duration": "\(duration)"])
            return value
        } catch  where error.meansCancellation {
            Timer(label: "slipway_build_seconds", dimensions: [("kind", kind), ("outcome", "cancelled")])
                .record(duration: ContinuousClock.now - start)
            logger.info("build cancelled", metadata: ["build.kind": "\(kind)", "build.name": "\(name)"])
            throw error
        } catch {
            Timer(label: "slipway_build_seconds", dimensions: [("kind", kind), ("outcome", "failed")])
                .record(duration: ContinuousClock.now - start)
            logger.error(
                "build failed", metadata: ["build.kind": "\(kind)", "build.name": "\(name)", "error": "\(error)"])
            throw error
        }
    }
}

extension Asset {
    /// Whether every file that it is made of is still what its digest says. The store knows without reading, unless a file
    /// has changed.
    fileprivate func isIntact(in store: EmbeddedStore) -> Bool {
        composition?.files.allSatisfy { (try? store.blob($0.digest)) == $0 } ?? false
    }
}

extension Composition {
    /// When it came to be, in seconds since 1970: with the youngest of its files. What is not in any file is made of this
    /// process' settings too, so that what an earlier one made at the same place may be different.
    fileprivate func modified(madeSince started: Int64) -> Int64 {
        let isAllFiles = segments.allSatisfy { if case .file = $0 { true } else { false } }
        var newest = isAllFiles ? 0 : started
        for file in files {
            var status = stat()
            if stat(file.path, &status) == 0 { newest = max(newest, Int64(status.st_mtim.tv_sec)) }
        }
        return newest
    }
}

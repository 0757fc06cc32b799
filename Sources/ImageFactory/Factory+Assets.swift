import Compositions
import Glibc
import Imaging
import Logging
import Metrics
import Releases
import Schematics
import Stores
import TalosModel
import Trust
import Workers

extension Factory {
    /// An asset of a schematic, made if it has to be.
    ///
    /// - Parameters:
    ///   - id: The schematic's ID.
    ///   - version: The version, with or without `v`.
    ///   - path: The last part of an `/image` path, as in `initramfs-amd64.xz`.
    /// - Throws: ``FactoryError``.
    public func asset(schematic id: String, version text: String, path: String) async throws -> Asset {
        let schematic = try await schematic(id)
        let version = try parseVersion(text)
        let target: AssetPath
        do { target = try AssetPath(parsing: path) } catch {
            throw FactoryError(.invalidRequest, "error parsing profile from path: \(error)")
        }
        let key = key(for: schematic.id, version, target)
        if let key, let remembered = try await look(for: key) { return remembered }
        let composition = try await composition(of: target, schematic: schematic, version: version)
        let modified = try await storage.run { composition.modified }
        let asset = Asset(
            composition: composition, contentType: target.contentType, fileName: target.path,
            modified: modified ?? started)
        // Made of this state of the release or a later one, which nobody finds under an earlier one's name.
        if let key { assets[key] = asset }
        return asset
    }

    /// The asset if it is remembered from before, without any work.
    public func remembered(schematic id: String, version: String, path: String) async throws -> Asset? {
        // What cannot be asked for has not been made either.
        guard let id = SchematicID(parsing: id), let version = try? TalosVersion(parsing: version),
            let path = try? AssetPath(parsing: path), let key = key(for: id, version, path)
        else { return nil }
        return try await look(for: key)
    }

    /// What an asset is remembered by; nil while its release is not there.
    private func key(for id: SchematicID, _ version: TalosVersion, _ path: AssetPath) -> AssetKey? {
        releases.summary(version).map {
            AssetKey(schematic: id, version: version, path: path, revision: $0.revision)
        }
    }

    private func look(for key: AssetKey) async throws -> Asset? {
        guard let asset = assets[key] else { return nil }
        return try await storage.run { [store] in asset.isIntact(in: store) ? asset : nil }
    }

    /// The bytes of an asset.
    public func composition(
        of target: AssetPath, schematic: Schematic, version: TalosVersion
    ) async throws -> Composition {
        switch target.kind {
        case .kernel:
            try refusing { () throws(ImagingError) in try schematic.requireOverlaySupport(in: version) }
            let release = try await release(version, for: target.architecture)
            let kernel = try await bootFile(.kernel, of: release, for: target.architecture)
            return Composition([.file(kernel.file)])
        case .commandLine:
            try refusing { () throws(ImagingError) in try schematic.requireOverlaySupport(in: version) }
            try await release(version)
            let bytes = try await commandLine(of: target, schematic: schematic, version: version) { $0.bytes }
            return Composition([.bytes(bytes)])
        case .initramfs:
            return try await initramfs(schematic: schematic, version: version, architecture: target.architecture)
        default:
            // What does not exist at all is told before what is not made here.
            try await release(version)
            try await commandLine(of: target, schematic: schematic, version: version) { _ in }
            throw FactoryError(
                .notSupported,
                "\(target.path): this version of Slipway makes kernel, cmdline and initramfs, and no other images yet")
        }
    }

    /// How long an asset is, if nothing has to be built to know it; nil otherwise.
    public func knownLength(
        of target: AssetPath, schematic: Schematic, version: TalosVersion
    ) async throws -> UInt64? {
        guard target.kind == .initramfs else {
            return try await composition(of: target, schematic: schematic, version: version).length
        }
        do {
            let plan = try await plan(schematic, version, target.architecture)
            return try await plans.run { [imager] in
                var segments: [ExtensionSegment] = []
                for planned in plan.extensions {
                    guard let stored = try imager.storedExtensionSegment(planned.image.manifest, layout: plan.layout)
                    else {
                        return nil
                    }
                    try stored.requireCompatibility(with: version)
                    segments.append(stored)
                }
                guard let key = imager.moduleKey(of: plan, segments) else {
                    return try imager.compose(plan, segments, nil).length
                }
                guard let modules = try imager.storedModuleSegment(key, layout: plan.layout) else { return nil }
                return try imager.compose(plan, segments, modules).length
            }
        } catch let error as ImagingError {
            throw FactoryError(error)
        }
    }

    /// Composes an initramfs. Each segment that is new is built once, however many ask for it; everything else is a look into
    /// the store.
    private func initramfs(
        schematic: Schematic, version: TalosVersion, architecture: Architecture
    ) async throws -> Composition {
        do {
            let imager = imager
            let plan = try await plan(schematic, version, architecture)
            let segments = try await segments(of: plan)
            let modules = try await modules(of: plan, segments)
            return try await plans.run { try imager.compose(plan, segments, modules) }
        } catch let error as ImagingError {
            throw FactoryError(error)
        }
    }

    /// The segments of a plan's extensions, in its order. Those that are in the store are found in one go; the others are built
    /// beside one another.
    private func segments(of plan: InitramfsPlan) async throws -> [ExtensionSegment] {
        let stored = try await plans.run { [imager] in
            try plan.extensions.map { planned in
                let segment = try imager.storedExtensionSegment(planned.image.manifest, layout: plan.layout)
                try segment?.requireCompatibility(with: plan.version)
                return segment
            }
        }
        return try await withThrowingTaskGroup(of: (Int, ExtensionSegment).self) { group in
            for (index, planned) in plan.extensions.enumerated() where stored[index] == nil {
                group.addTask { (index, try await self.built(planned, in: plan)) }
            }
            var result = stored
            for try await (index, segment) in group { result[index] = segment }
            return result.compactMap { $0 }
        }
    }

    private func built(
        _ planned: InitramfsPlan.PlannedExtension, in plan: InitramfsPlan
    ) async throws -> ExtensionSegment {
        let imager = imager
        let built = try await segments.value(for: planned.key) { [self] in
            // Another may have finished it since we looked.
            if let stored = try await plans.run({
                try imager.storedExtensionSegment(planned.image.manifest, layout: plan.layout)
            }) {
                return stored
            }
            return try await timing("extension", planned.name) {
                try await self.queue.run { cancellation in
                    try imager.extensionSegment(
                        planned.image, named: planned.name, layout: plan.layout,
                        isCancelled: { cancellation.isCancelled })
                }
            }
        }
        try built.requireCompatibility(with: plan.version)
        return built
    }

    private func modules(of plan: InitramfsPlan, _ segments: [ExtensionSegment]) async throws -> ModuleSegment? {
        guard let key = imager.moduleKey(of: plan, segments) else { return nil }
        let imager = imager
        if let stored = try await plans.run({ try imager.storedModuleSegment(key, layout: plan.layout) }) {
            return stored
        }
        return try await modules.value(for: key) { [self] in
            if let stored = try await plans.run({ try imager.storedModuleSegment(key, layout: plan.layout) }) {
                return stored
            }
            return try await timing("modules.dep", plan.version.tag) {
                try await self.queue.run { cancellation in
                    try imager.moduleSegment(of: plan, segments, isCancelled: { cancellation.isCancelled })
                }
            }
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

    private func refusing(_ check: () throws(ImagingError) -> Void) throws(FactoryError) {
        do throws(ImagingError) { try check() } catch { throw FactoryError(error) }
    }
}

extension Error {
    /// Whether it says that nobody waits for the work any more.
    fileprivate var meansCancellation: Bool {
        self is CancellationError || (self as? ImagingError)?.code == .cancelled
    }
}

extension FactoryError {
    /// What imaging refused, as the factory says it: the client's choice, or our trouble. Of trouble with this host the client
    /// is told that it is there; what it is, with the host's paths in it, is for the log.
    init(_ error: ImagingError) {
        switch error.code {
        case .extensionNotAvailable, .embeddedConfigurationNotSupported, .overlayNotSupported, .overlayNotAvailable,
            .tooManyExtensions:
            self.init(.invalidRequest, "error enhancing profile from schematic: \(error.message)")
        case .incompatibleExtension:
            self.init(.invalidRequest, error.message)
        case .extensionNotImported:
            self.init(.versionNotFound, error.message)
        case .invalidExtension, .limitExceeded:
            self.init(.buildFailed, error.message)
        case .store:
            self.init(.storage, "the store cannot be used; this server's log says why", cause: error)
        case .invalidBase, .missingProgram, .programFailed, .programTimedOut, .cancelled, .temporaryFile, .unexpected:
            self.init(.buildFailed, "the image cannot be made; this server's log says why", cause: error)
        }
    }
}

extension Asset {
    /// Whether every file that it is made of is still what its digest says. The store knows without reading, unless a file
    /// has changed.
    fileprivate func isIntact(in store: EmbeddedStore) -> Bool {
        composition.files.allSatisfy { (try? store.blob($0.digest)) == $0 }
    }
}

extension Composition {
    /// When its youngest file came to be, in seconds since 1970; nil if it is all inline bytes.
    fileprivate var modified: Int64? {
        var newest: Int64?
        for file in files {
            var status = stat()
            if stat(file.path, &status) == 0 { newest = max(newest ?? 0, Int64(status.st_mtim.tv_sec)) }
        }
        return newest
    }
}

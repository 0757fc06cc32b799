import Compositions
import Digests
import Logging
import NetworkTypes
import Synchronization
import TalosModel
import Workers

/// Finished assets as files in a folder, which another web server has below a URL.
///
/// A file is called by what it holds, `<SHA-256>/<asset>`, and so is never another one later. It gets its name when it is whole.
/// Whether it is there is looked at for each request, by name and length. Nothing is ever removed; nothing is added while the
/// file system is nearly full. Threads of its own do all that, so that a folder that does not answer holds up nobody who needs no
/// file of it.
public final class PublishedFolder: FinishedAssets {
    /// A file, as it lies there.
    private struct File: Hashable {
        var digest: Digest
        var name: String
        var length: UInt64
    }

    /// Leaves the folder alone for a while after it has failed.
    private final class Pause: Sendable {
        private let end = Mutex<ContinuousClock.Instant?>(nil)

        var isOver: Bool { end.withLock { $0.map { $0 <= .now } ?? true } }

        /// Begins one; false if there is one already.
        func begin(for duration: Duration) -> Bool {
            end.withLock { end in
                if let end, end > .now { return false }
                end = .now + duration
                return true
            }
        }
    }

    private let folder: String
    private let url: BaseURL
    private let leastFree: UInt64
    private let logger: Logger
    private let files = RecentlyUsed<Factory.AssetKey, File>(budget: 16 << 20) { _ in 512 }
    private let notLooking = Pause()
    private let notWriting = Pause()
    private let looks = SingleFlight<File, Bool>()
    private let writes = SingleFlight<File, Void>()
    private let lookers = BlockingWork(width: 2, capacity: 1024) { _ in
        FactoryError(.busy, "too many published files are asked for at once")
    }
    /// Nobody waits for a turn: whoever finds both at work is served from here.
    private let writers = BuildQueue(width: 2, capacity: 0)

    /// How long the folder is left alone after it has failed.
    private static let pause = Duration.seconds(60)
    /// How long a look may take.
    private static let patience = Duration.seconds(5)

    /// A folder.
    ///
    /// - Parameters:
    ///   - folder: Where the files are put.
    ///   - url: Below which URL others get them.
    ///   - leastFree: How many bytes of its file system stay free in any case.
    public init(
        _ folder: String, url: BaseURL, leastFree: UInt64 = PublishedFile.usuallyFree, logger: Logger
    ) {
        self.folder = folder
        self.url = url
        self.leastFree = leastFree
        self.logger = logger
    }

    public func find(_ key: Factory.AssetKey) async -> Asset.Body? {
        guard let file = files[key] else { return nil }
        return await isThere(file) == true ? body(file) : nil
    }

    public func keep(
        _ composition: Composition, as key: Factory.AssetKey, digest: @Sendable () async throws -> Digest
    ) async -> Asset.Body? {
        // Without one the bytes cannot be read, which whoever sends them will say.
        guard PublishedFile.isPlain(key.path.path), let digest = try? await digest() else { return nil }
        let file = File(digest: digest, name: key.path.path, length: composition.length)
        guard let isThere = await isThere(file) else { return nil }
        if !isThere {
            guard await write(composition, file) else { return nil }
        }
        files[key] = file
        return body(file)
    }

    private func body(_ file: File) -> Asset.Body {
        .redirect(to: url.url(of: "/\(file.digest.hexadecimal)/\(file.name)"))
    }

    private func onDisk(_ file: File) -> PublishedFile {
        PublishedFile(
            folder: folder, digest: file.digest, name: file.name, length: file.length, leastFree: leastFree)
    }

    /// Whether a file is there; nil if the folder cannot be asked now.
    private func isThere(_ file: File) async -> Bool? {
        guard notLooking.isOver else { return nil }
        do {
            return try await within(Self.patience) { [looks, lookers, onDisk = onDisk(file)] in
                try await looks.value(for: file) { try await lookers.run { try onDisk.isThere() } }
            }
        } catch {
            tell(error, notLooking)
            return nil
        }
    }

    private func write(_ composition: Composition, _ file: File) async -> Bool {
        guard notWriting.isOver else { return false }
        // Ten megabytes a second is as slow as may be: somebody waits for it.
        let limit = Duration.seconds(30 + Int64(clamping: file.length / 10_000_000))
        do {
            try await within(limit) { [writes, writers, logger, onDisk = onDisk(file)] in
                try await writes.value(for: file) {
                    try await writers.run { cancellation in
                        try onDisk.write(composition, isCancelled: { cancellation.isCancelled })
                    }
                    logger.info("published", metadata: ["file": "\(file.digest.hexadecimal)/\(file.name)"])
                }
            }
            return true
        } catch {
            tell(error, notWriting)
            return false
        }
    }

    /// Begins a pause if the folder was at fault, and says so once.
    private func tell(_ error: any Error, _ pause: Pause) {
        guard let obstacle = error as? PublishedFile.Obstacle, pause.begin(for: Self.pause) else { return }
        logger.warning(
            "finished assets are sent from here; the published folder is tried again in a minute",
            metadata: ["error": "\(obstacle)"])
    }

    /// Waits so long for what may never end. Nobody waits for the thread that does it.
    private func within<Value: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { [folder] group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw PublishedFile.Obstacle("\(folder) has not answered within \(limit.components.seconds) seconds")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}

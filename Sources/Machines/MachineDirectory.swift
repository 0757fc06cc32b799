import Dispatch
import Synchronization

/// The machines file in force. A changed file takes effect when it is sound; a broken one is remembered with its
/// problems, and the last good one stays.
public final class MachineDirectory: Sendable {
    /// How loading went.
    public struct Status: Hashable, Sendable {
        /// What is wrong with the file as it is now; empty when it is in force.
        public var problems: [MachinesProblem] = []
        /// How many problems there are beyond the listed ones.
        public var unlistedProblems = 0
        /// How often a file was taken into force.
        public var successfulLoads = 0
        /// How often one was refused.
        public var refusedLoads = 0
    }

    private struct State {
        var current: MachinesFile?
        var status = Status()
        var files: [String: RegularFile.Fingerprint?]
    }

    /// The file's path.
    public let path: String
    private let state: Mutex<State>
    // Loads one after the other, so that an older file cannot overtake a newer one.
    private let loading = Mutex(())

    /// A directory that has loaded nothing yet.
    public init(path: String) {
        self.path = path
        state = Mutex(State(files: [path: nil]))
    }

    /// The file in force; nil until a load succeeds.
    public var current: MachinesFile? { state.withLock { $0.current } }

    /// How loading went.
    public var status: Status { state.withLock { $0.status } }

    /// Loads the file and takes it into force if it is sound.
    ///
    /// This reads files; call it off the cooperative pool.
    @discardableResult
    public func reload() -> Result<MachinesFile, MachinesFileError> {
        loading.withLock { _ in
            let outcome = MachinesFileReader.load(path)
            state.withLock { state in
                state.files = outcome.files
                switch outcome.result {
                case .success(let file):
                    state.current = file
                    state.status.problems = []
                    state.status.unlistedProblems = 0
                    state.status.successfulLoads += 1
                case .failure(let error):
                    state.status.problems = error.problems
                    state.status.unlistedProblems = error.unlisted
                    state.status.refusedLoads += 1
                }
            }
            return outcome.result
        }
    }

    /// Loads the file whenever it or a file that it names has changed, until the task is cancelled.
    ///
    /// - Parameters:
    ///   - interval: How often files are compared where the kernel reports no changes.
    ///   - reloaded: Called after each load.
    public func run(
        interval: Duration = .seconds(10),
        reloaded: @escaping @Sendable (Result<MachinesFile, MachinesFileError>) -> Void = { _ in }
    ) async {
        let queue = DispatchQueue(label: "machines file")
        let milliseconds =
            Int(clamping: interval.components.seconds) * 1000
            + Int(interval.components.attoseconds / 1_000_000_000_000_000)
        let watch = FolderWatch(queue: queue, interval: .milliseconds(max(1, milliseconds)))
        watch.watch(folders)
        for await _ in watch.changes {
            guard await onQueue(queue, { self.hasChanged() }) else { continue }
            await settle(queue)
            if Task.isCancelled { return }
            reloaded(await onQueue(queue) { self.reload() })
            watch.watch(folders)
        }
    }

    /// Waits until the files stand still: editors write in several steps.
    private func settle(_ queue: DispatchQueue) async {
        var before = await onQueue(queue) { self.fingerprints() }
        for _ in 0..<20 {
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
            let now = await onQueue(queue) { self.fingerprints() }
            if now == before { return }
            before = now
        }
    }

    private var folders: Set<String> { state.withLock { Set($0.files.keys.map(FilePath.folder(of:))) } }

    private func hasChanged() -> Bool { fingerprints() != state.withLock { $0.files } }

    private func fingerprints() -> [String: RegularFile.Fingerprint?] {
        let paths = state.withLock { Array($0.files.keys) }
        return Dictionary(uniqueKeysWithValues: paths.map { ($0, RegularFile.fingerprint(of: $0)) })
    }

    private func onQueue<Value: Sendable>(
        _ queue: DispatchQueue, _ work: @escaping @Sendable () -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in queue.async { continuation.resume(returning: work()) } }
    }
}

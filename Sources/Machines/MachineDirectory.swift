import ConfigurationYAML
import Files
import FolderChanges
import Synchronization
import Workers

/// The machines file in force. A changed file takes effect when it is sound; a broken one is remembered with its
/// problems, and the last good one stays.
public final class MachineDirectory: Sendable {
    /// Which file is in force.
    public enum Standing: Hashable, Sendable {
        /// The file as it is now.
        case present
        /// The last good one that this process has read.
        case lastGood
        /// The last good one that an earlier process has kept.
        case kept
        /// None.
        case none
    }

    /// How loading went.
    public struct Status: Hashable, Sendable {
        /// What is wrong with the file as it is now; empty when it is in force.
        public var problems: [ConfigurationProblem] = []
        /// How many problems there are beyond the listed ones.
        public var unlistedProblems = 0
        /// How often a file was taken into force.
        public var successfulLoads = 0
        /// How often one was refused.
        public var refusedLoads = 0
    }

    private struct State {
        var standing: Standing {
            guard let current else { return .none }
            return current.kept != nil ? .kept : status.problems.isEmpty ? .present : .lastGood
        }

        var current: MachinesFile?
        var status = Status()
        var isMissing = false
        var files: [String: FileIdentity?]
        var begunLoads = 0
        /// Which of the begun loads the rest is from.
        var latestLoad = 0
    }

    /// The file's path.
    public let path: String
    /// Whether there may be no file, as long as there has been none.
    private let mayBeMissing: Bool
    private let state: Mutex<State>

    /// A directory that has loaded nothing yet.
    ///
    /// - Parameter mayBeMissing: Whether there need not be a file. One that was in force is missed all the same.
    public init(path: String, mayBeMissing: Bool = false) {
        self.path = path
        self.mayBeMissing = mayBeMissing
        state = Mutex(State(files: [path: nil]))
    }

    /// The file in force; nil until a load succeeds.
    public var current: MachinesFile? { state.withLock { $0.current } }

    /// Whether there is no file, and need not be.
    public var isMissing: Bool { state.withLock { $0.isMissing } }

    /// Which file is in force.
    public var standing: Standing { state.withLock { $0.standing } }

    /// Takes a file into force that was kept earlier, if none is.
    public func adopt(_ file: MachinesFile) {
        state.withLock { state in
            if state.current == nil { state.current = file }
        }
    }

    /// How loading went.
    public var status: Status { state.withLock { $0.status } }

    /// Loads the file and takes it into force if it is sound. Of loads at the same time, the one that began last counts,
    /// because an older state of the file must not overtake a newer one.
    ///
    /// This reads files, which takes time; call it off the cooperative pool. Nobody else waits for it.
    @discardableResult
    public func reload() -> Result<MachinesFile, MachinesFileError> {
        let load = state.withLock { state in
            state.begunLoads += 1
            return state.begunLoads
        }
        let isAbsent = mayBeMissing && RegularFile.isAbsent(path)
        let outcome = MachinesFileReader.load(path)
        // What is replaced goes when the lock is free again: a large file takes a while to take apart.
        let replaced = state.withLock { state -> MachinesFile? in
            guard load > state.latestLoad else { return nil }
            state.latestLoad = load
            state.files = outcome.files
            state.isMissing = isAbsent && state.current == nil
            switch outcome.result {
            case .success(let file):
                // It may have come after the look.
                state.isMissing = false
                let replaced = state.current
                state.current = file
                state.status.problems = []
                state.status.unlistedProblems = 0
                state.status.successfulLoads += 1
                return replaced
            case .failure where state.isMissing:
                state.status.problems = []
                state.status.unlistedProblems = 0
                return nil
            case .failure(let error):
                state.status.problems = error.problems
                state.status.unlistedProblems = error.unlisted
                state.status.refusedLoads += 1
                return nil
            }
        }
        withExtendedLifetime(replaced) {}
        return outcome.result
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
        let disk = BlockingWork(width: 1, capacity: 1) { _ in CancellationError() }
        let watch = FolderWatch(interval: interval)
        await watch.watch(folders)
        do {
            for await _ in watch.changes {
                guard try await disk.run({ self.hasChanged() }) else { continue }
                try await settle(disk)
                reloaded(try await disk.run { self.reload() })
                await watch.watch(folders)
            }
        } catch {
            // Nobody else asks for this work, so it can only have been cancelled.
            return
        }
    }

    /// Waits until the files stand still: editors write in several steps.
    private func settle(_ disk: BlockingWork) async throws {
        var before = try await disk.run { self.fileStates() }
        for _ in 0..<20 {
            try await Task.sleep(for: .milliseconds(50))
            let now = try await disk.run { self.fileStates() }
            if now == before { return }
            before = now
        }
    }

    private var folders: Set<String> { state.withLock { Set($0.files.keys.map(FilePath.folder(of:))) } }

    private func hasChanged() -> Bool { fileStates() != state.withLock { $0.files } }

    private func fileStates() -> [String: FileIdentity?] {
        let paths = state.withLock { Array($0.files.keys) }
        return Dictionary(uniqueKeysWithValues: paths.map { ($0, RegularFile.state(of: $0)) })
    }
}

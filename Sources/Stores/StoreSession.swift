import CLinux
import Compositions
import Files
import Glibc
import Synchronization
import SystemPackage

/// One process's right to write into a store: the folders exist, and its temporary files carry a name under which it
/// holds a lock, so that others can tell a living writer's files from a dead one's, in whatever container each of them runs.
final class StoreSession: Sendable {
    private let root: String
    private let folder: String
    private let name: String
    private let lock: Mutex<OwnedDescriptor>
    private let counter = Atomic<UInt64>(0)

    /// The folders of a store, each before those in it.
    static let folders = ["blobs", "blobs/sha256", "records", "temporary", "corrupt"]

    /// Makes the folders, takes a session's lock and removes what dead sessions left.
    init(root: String) throws(StoreError) {
        self.root = root
        try Self.makeFolders(root, mode: 0o755)
        if let owner = StoreOwner.toBecome(for: root) {
            throw StoreError(
                .permissionDenied,
                "\(root) belongs to \(owner), whose links root must not follow; run this as \(owner)")
        }
        folder = root + "/temporary"
        name = "\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 16))"
        lock = Mutex(try Self.begin(root, name))
    }

    deinit {
        unlink(lockPath)
        removeWorkFolder()
    }

    private var lockPath: String { "\(folder)/\(name).lock" }

    /// Makes the folders and takes the lock while no other session comes or goes, so that a lock file is never seen between
    /// its making and its locking.
    private static func begin(_ root: String, _ name: String) throws(StoreError) -> OwnedDescriptor {
        for folder in folders {
            try makeFolder("\(root)/\(folder)", mode: EmbeddedStore.folderMode)
        }
        let gate = try open(root + "/lock")
        try waitForLock(gate, root + "/lock")
        let path = "\(root)/temporary/\(name).lock"
        let lock = try open(path)
        guard try lock.tryLock(path) else { throw StoreError(errno: EWOULDBLOCK, "locking", path) }
        try Leftovers.remove(from: root, except: name)
        gate.close()
        return lock
    }

    /// Makes the folders and the lock again, where somebody has removed them under the running process.
    private func beginAgain() throws(StoreError) {
        // Another thread may have done it already: its lock is this session's.
        let result = lock.withLock { lock in
            Result { () throws(StoreError) in
                if let there = try FileIdentity(ifPresent: lockPath), let held = try? lock.identity(),
                    there.isSameFile(as: held)
                {
                    for folder in Self.folders {
                        try Self.makeFolder("\(root)/\(folder)", mode: EmbeddedStore.folderMode)
                    }
                    return
                }
                try Self.makeFolders(root, mode: 0o755)
                lock = try Self.begin(root, name)
            }
        }
        try result.get()
    }

    /// A name that nobody else uses.
    func nextName() -> String { "\(name).\(counter.add(1, ordering: .relaxed).newValue)" }

    /// A path for a new temporary file, in the same file system as everything else in the store.
    func nextPath() -> String { "\(folder)/\(nextName())" }

    /// Makes a temporary file.
    func create(_ path: String) throws(StoreError) -> OwnedDescriptor {
        if let descriptor = try tryCreate(path) { return descriptor }
        try beginAgain()
        guard let descriptor = try tryCreate(path) else { throw StoreError(errno: ENOENT, "creating", path) }
        return descriptor
    }

    private func tryCreate(_ path: String) throws(StoreError) -> OwnedDescriptor? {
        try OwnedDescriptor.open(path, .writeOnly, [.create, .exclusiveCreate], "creating", missingFolder: true)
    }

    /// Gives a temporary file its name in the store.
    func rename(_ temporary: String, to path: String) throws(StoreError) {
        if Glibc.rename(temporary, path) == 0 { return }
        guard errno == ENOENT else { throw StoreError(errno: errno, "storing", path) }
        try beginAgain()
        guard Glibc.rename(temporary, path) == 0 else { throw StoreError(errno: errno, "storing", path) }
    }

    /// Gives a temporary file a name that nothing has; false if something has it.
    func renameNew(_ temporary: String, to path: String) throws(StoreError) -> Bool {
        var code = linux_rename_new(temporary, path)
        if code == -ENOENT {
            try beginAgain()
            code = linux_rename_new(temporary, path)
        }
        switch -code {
        case 0: return true
        case EEXIST: return false
        case EINVAL, ENOSYS:
            // A file system that cannot tell.
            try rename(temporary, to: path)
            return true
        default: throw StoreError(errno: -code, "storing", path)
        }
    }

    /// The file that is locked by those who change which blobs are named.
    var referenceLockPath: String { root + "/references.lock" }

    /// Opens a file to lock, making it where there is none.
    func openLock(_ path: String) throws(StoreError) -> OwnedDescriptor {
        func attempt() throws(StoreError) -> OwnedDescriptor? {
            try OwnedDescriptor.open(path, .readWrite, .create, missingFolder: true)
        }
        if let file = try attempt() { return file }
        try beginAgain()
        guard let file = try attempt() else { throw StoreError(errno: ENOENT, "opening", path) }
        return file
    }

    /// The folder for what this process takes apart, made where there is none.
    func workFolder() throws(StoreError) -> String {
        let path = "\(root)/work/\(name)"
        if try FileIdentity(ifPresent: path) != nil { return path }
        try beginAgain()
        try Self.makeFolder("\(root)/work", mode: EmbeddedStore.folderMode)
        try Self.makeFolder(path, mode: EmbeddedStore.folderMode)
        return path
    }

    /// Removes the folder for what this process takes apart.
    func removeWorkFolder() { Leftovers.removeTree(name, in: root + "/work") }

    // MARK: - Making things

    private static func open(_ path: String) throws(StoreError) -> OwnedDescriptor {
        guard let descriptor = try OwnedDescriptor.open(path, .readWrite, .create) else {
            throw StoreError(errno: ENOENT, "opening", path)
        }
        return descriptor
    }

    private static func waitForLock(_ file: borrowing OwnedDescriptor, _ path: String) throws(StoreError) {
        for _ in 0..<500 {
            if try file.tryLock(path) { return }
            usleep(10_000)
        }
        throw StoreError(
            .busy,
            "another process has held \(path) for five seconds, where an instant is usual; see who with 'fuser \(path)'"
        )
    }

    private static func makeFolders(_ path: String, mode: mode_t) throws(StoreError) {
        if let there = try? FileIdentity(at: path, followingLinks: true) {
            guard there.type == .directory else {
                throw StoreError(.inputOutput, "\(path) is not a folder, as a store is; --store names another")
            }
            return
        }
        if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex {
            try makeFolders(String(path[..<slash]), mode: mode)
        }
        try makeFolder(path, mode: mode)
    }

    private static func makeFolder(_ path: String, mode: mode_t) throws(StoreError) {
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw StoreError(errno: errno, "making the folder", path)
        }
    }

    /// Makes a folder inside the store.
    func makeFolder(_ path: String) throws(StoreError) {
        if mkdir(path, EmbeddedStore.folderMode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw StoreError(errno: errno, "making the folder", path) }
        try beginAgain()
        try Self.makeFolder(path, mode: EmbeddedStore.folderMode)
    }
}

import Glibc
import Synchronization

/// One process's right to write into a store: the folders exist, and its temporary files carry a name under which it
/// holds a lock, so that others can tell a living writer's files from a dead one's.
final class StoreSession: Sendable {
    private let folder: String
    private let name: String
    private let lockDescriptor: OwnedDescriptor
    private let owner: (user: uid_t, group: gid_t)?
    private let counter = Atomic<UInt64>(0)

    /// Makes the folders, takes a session's lock and removes what dead sessions left.
    init(root: String) throws(StoreError) {
        try Self.makeFolders(root, mode: 0o755)
        owner = Self.owner(of: root)
        for folder in ["blobs", "blobs/sha256", "records", "temporary", "corrupt"] {
            try Self.makeFolder("\(root)/\(folder)", mode: EmbeddedStore.folderMode, owner)
        }
        folder = root + "/temporary"
        name = "\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 16))"

        // Held while sessions come and go, so that a lock file is never seen between its making and its locking.
        let gate = try Self.open(root + "/lock", owner)
        try Self.waitForLock(gate.number, root + "/lock")
        lockDescriptor = try Self.open("\(folder)/\(name).lock", owner)
        guard flock(lockDescriptor.number, LOCK_EX | LOCK_NB) == 0 else {
            throw StoreError(errno: errno, "locking", "\(folder)/\(name).lock")
        }
        try removeLeftovers()
        gate.release()
    }

    deinit { unlink("\(folder)/\(name).lock") }

    /// A name that nobody else uses.
    func nextName() -> String { "\(name).\(counter.add(1, ordering: .relaxed).newValue)" }

    /// A path for a new temporary file, in the same file system as everything else in the store.
    func nextPath() -> String { "\(folder)/\(nextName())" }

    /// Gives a file to the folder's owner, when root writes into a service user's store: the service must be able to read
    /// what an administrator imported.
    func giveToOwner(_ descriptor: Int32) {
        if let owner { _ = fchown(descriptor, owner.user, owner.group) }
    }

    private func removeLeftovers() throws(StoreError) {
        var sessions: [String: [String]] = [:]
        for entry in try namesInFolder(folder) {
            sessions[String(entry.prefix { $0 != "." }), default: []].append(entry)
        }
        sessions[name] = nil
        for (session, entries) in sessions {
            // Without a lock file, or with one that nobody holds, its writer is gone.
            if let lock = try? OwnedDescriptor(opening: "\(folder)/\(session).lock", O_RDONLY, "opening") {
                guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else { continue }
                for entry in entries { unlink("\(folder)/\(entry)") }
            } else {
                for entry in entries { unlink("\(folder)/\(entry)") }
            }
        }
    }

    // MARK: - Making things

    private static func open(_ path: String, _ owner: (user: uid_t, group: gid_t)?) throws(StoreError)
        -> OwnedDescriptor
    {
        guard
            let descriptor = try OwnedDescriptor(
                opening: path, O_RDWR | O_CREAT, mode: EmbeddedStore.fileMode, "opening")
        else { throw StoreError(errno: ENOENT, "opening", path) }
        if let owner { _ = fchown(descriptor.number, owner.user, owner.group) }
        return descriptor
    }

    private static func waitForLock(_ descriptor: Int32, _ path: String) throws(StoreError) {
        for _ in 0..<500 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw StoreError(errno: errno, "locking", path) }
            usleep(10_000)
        }
        throw StoreError(
            .busy,
            "another process has held \(path) for five seconds, where an instant is usual; see who with 'fuser \(path)'"
        )
    }

    private static func makeFolders(_ path: String, mode: mode_t) throws(StoreError) {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw StoreError(errno: ENOTDIR, "opening the store", path)
            }
            return
        }
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeFolders(String(path[..<slash]), mode: mode)
        }
        try makeFolder(path, mode: mode, nil)
    }

    static func makeFolder(_ path: String, mode: mode_t, _ owner: (user: uid_t, group: gid_t)?) throws(StoreError) {
        if mkdir(path, mode) == 0 {
            if let owner { _ = chown(path, owner.user, owner.group) }
        } else if errno != EEXIST {
            throw StoreError(errno: errno, "making the folder", path)
        }
    }

    /// Makes a folder inside the store.
    func makeFolder(_ path: String) throws(StoreError) {
        try Self.makeFolder(path, mode: EmbeddedStore.folderMode, owner)
    }

    private static func owner(of root: String) -> (user: uid_t, group: gid_t)? {
        var status = stat()
        guard geteuid() == 0, stat(root, &status) == 0, status.st_uid != 0 else { return nil }
        return (status.st_uid, status.st_gid)
    }
}

/// The names in a folder, without `.` and `..`, in order; none if there is no such folder.
func namesInFolder(_ path: String) throws(StoreError) -> [String] {
    guard let folder = opendir(path) else {
        if errno == ENOENT { return [] }
        throw StoreError(errno: errno, "listing", path)
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

import Glibc

/// What processes that have ended left in a store.
enum Leftovers {
    /// Removes the temporary files and work folders of sessions that nobody holds the lock of. The caller keeps others from
    /// beginning meanwhile.
    static func remove(from root: String, except own: String) throws(StoreError) {
        let folder = root + "/temporary"
        var sessions: [String: [String]] = [:]
        for entry in try namesInFolder(folder) {
            sessions[String(decoding: entry.utf8.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self), default: []]
                .append(entry)
        }
        let works = try namesInFolder(root + "/work")
        for name in works where sessions[name] == nil { sessions[name] = [] }
        sessions[own] = nil
        for (session, entries) in sessions where !isAlive(session, in: folder) {
            for entry in entries { unlink("\(folder)/\(entry)") }
            removeTree(session, in: root + "/work")
        }
    }

    /// Whether somebody holds a session's lock. Without a lock file, or with one that nobody holds, its writer is gone.
    private static func isAlive(_ session: String, in folder: String) -> Bool {
        guard let lock = try? OwnedDescriptor(opening: "\(folder)/\(session).lock", O_RDONLY, "opening") else {
            return isProcess(session)
        }
        return flock(lock.number, LOCK_EX | LOCK_NB) != 0
    }

    /// Whether a name is the number of a living process: the first release named work folders so, and held no lock for them.
    private static func isProcess(_ name: String) -> Bool {
        guard let process = pid_t(name), process > 0 else { return false }
        // EPERM means that the process is there and somebody else's.
        return kill(process, 0) == 0 || errno == EPERM
    }

    /// Removes what stands under `name` in the folder `parent`, with all that is in it. No link is followed, also where one is
    /// put into the way meanwhile.
    static func removeTree(_ name: String, in parent: String) {
        let folder = open(parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return }
        defer { close(folder) }
        removeTree(name, in: folder, depth: 0)
    }

    // Deeper than anything that a build makes, and few enough descriptors.
    private static let deepest = 200

    private static func removeTree(_ name: String, in parent: Int32, depth: Int) {
        if unlinkat(parent, name, 0) == 0 || errno == ENOENT || depth > deepest { return }
        let folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return }
        // The stream owns the descriptor.
        guard let stream = fdopendir(folder) else {
            close(folder)
            return
        }
        for entry in names(in: stream) { removeTree(entry, in: folder, depth: depth + 1) }
        closedir(stream)
        unlinkat(parent, name, AT_REMOVEDIR)
    }
}

/// The names in a folder, without `.` and `..`, in order; none if there is no such folder.
func namesInFolder(_ path: String) throws(StoreError) -> [String] {
    guard let folder = opendir(path) else {
        if errno == ENOENT { return [] }
        throw StoreError(errno: errno, "listing", path)
    }
    defer { closedir(folder) }
    return names(in: folder).sorted()
}

private func names(in folder: OpaquePointer) -> [String] {
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

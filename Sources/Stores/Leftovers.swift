import Files
import Glibc
import SystemPackage

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
        let path = "\(folder)/\(session).lock"
        guard let lock = try? OwnedDescriptor.open(path) else { return isProcess(session) }
        return (try? lock.tryLock(path)) != true
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
        guard let folder = try? OwnedDescriptor(opening: parent, .readOnly, .folder) else { return }
        removeTree(name, in: folder, depth: 0)
    }

    // Deeper than anything that a build makes, and few enough descriptors.
    private static let deepest = 200

    private static func removeTree(_ name: String, in parent: borrowing OwnedDescriptor, depth: Int) {
        if unlinkat(parent.descriptor.rawValue, name, 0) == 0 || errno == ENOENT || depth > deepest { return }
        guard let folder = try? OwnedDescriptor(opening: name, in: parent.descriptor, .readOnly, .folder),
            let entries = try? names(in: folder)
        else { return }
        for entry in entries { removeTree(entry, in: folder, depth: depth + 1) }
        unlinkat(parent.descriptor.rawValue, name, AT_REMOVEDIR)
    }
}

/// The names in a folder, without `.` and `..`, in order; none if there is no such folder.
func namesInFolder(_ path: String) throws(StoreError) -> [String] {
    do throws(Errno) { return try names(in: OwnedDescriptor(opening: path, .readOnly, .directory)).sorted() } catch {
        if error == .noSuchFileOrDirectory { return [] }
        throw StoreError(error, "listing", path)
    }
}

private func names(in folder: borrowing OwnedDescriptor) throws(Errno) -> [String] {
    var names: [String] = []
    try folder.forEachEntry { name, _ in
        names.append(String(cString: name))
        return true
    }
    return names
}

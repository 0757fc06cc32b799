import Glibc

/// What a served folder holds, kept from one look to the next: a directory that has not changed is not read again.
struct FolderIndex {
    private struct Directory {
        var identity: [Int64]
        var files: [String]
        var folders: [String]
    }

    /// What there is, as of one look.
    struct Listing: Sendable {
        /// Every regular file that can be opened, by its path.
        var names: Set<String> = []
        /// The same by the path in small letters; of several, the first in byte order.
        var spellings: [String: String] = [:]
    }

    /// What there is.
    private(set) var listing = Listing()
    /// When it was last read, in seconds.
    var read = -Double.infinity

    private var directories: [String: Directory] = [:]
    private var looks = 0

    /// The most files and folders that are listed; the shallow ones come first. Whatever is beyond is served by its exact
    /// name only.
    static let mostEntries = 20_000
    static let mostDirectories = 1000
    static let deepest = 8
    /// How many looks a directory is trusted for. Permissions and what a link points to change without its knowing.
    private static let trust = 30

    /// Reads what has changed in `folder`, which is open as `root`, or negative if it is not there; whether anything has.
    mutating func read(_ folder: ServedFolder, root: Int32) -> Bool {
        looks += 1
        let known = looks % Self.trust == 0 ? [:] : directories
        var found: [String: Directory] = [:]
        var waiting: [[String]] = root >= 0 ? [[]] : []
        var next = 0
        var left = Self.mostEntries
        while next < waiting.count, left > 0 {
            let components = waiting[next]
            next += 1
            let path = components.joined(separator: "/")
            let descriptor = ServedFolder.descend(
                from: root, to: components.isEmpty ? ["."] : components, directory: true)
            guard descriptor >= 0 else { continue }
            guard
                let directory = Self.directory(
                    descriptor, known[path], at: components, of: folder, root: root, limit: left)
            else {
                continue
            }
            left -= directory.files.count + directory.folders.count
            found[path] = directory
            guard components.count < Self.deepest, folder.content == .tree else { continue }
            for name in directory.folders where waiting.count < Self.mostDirectories {
                waiting.append(components + [name])
            }
        }
        let hasChanged =
            found.count != directories.count || found.contains { directories[$0]?.files != $1.files }
        directories = found
        guard hasChanged else { return false }
        var fresh = Listing()
        for (path, directory) in found {
            for file in directory.files { fresh.names.insert(path.isEmpty ? file : "\(path)/\(file)") }
        }
        fresh.spellings = Dictionary(fresh.names.map { ($0.lowercased(), $0) }) { one, other in
            one.utf8.lexicographicallyPrecedes(other.utf8) ? one : other
        }
        listing = fresh
        return true
    }

    /// What is in one directory. Takes over the descriptor.
    private static func directory(
        _ descriptor: Int32, _ known: Directory?, at components: [String], of folder: ServedFolder, root: Int32,
        limit: Int
    ) -> Directory? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            close(descriptor)
            return nil
        }
        let identity = [
            Int64(status.st_dev), Int64(bitPattern: UInt64(status.st_ino)), Int64(status.st_mtim.tv_sec),
            Int64(status.st_mtim.tv_nsec),
        ]
        // Times are coarse: in a directory that changed a moment ago, more may change without another time.
        let isSettled = status.st_mtim.tv_sec + 2 < time(nil)
        if let known, known.identity == identity {
            close(descriptor)
            return known
        }
        guard let stream = fdopendir(descriptor) else {
            close(descriptor)
            return nil
        }
        defer { closedir(stream) }
        var directory = Directory(identity: isSettled ? identity : [], files: [], folders: [])
        while directory.files.count + directory.folders.count < limit, let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            // A name that is no text cannot be offered either.
            guard let name = String(validating: bytes, as: UTF8.self), name.utf8.first != UInt8(ascii: ".") else {
                continue
            }
            let type = Int32(entry.pointee.d_type)
            let path = components + [name]
            if type == Int32(DT_DIR) || type == Int32(DT_UNKNOWN) && kind(of: path, below: root) == S_IFDIR {
                directory.folders.append(name)
            } else if folder.serves(path), kind(of: path, below: root) == S_IFREG {
                directory.files.append(name)
            }
        }
        return directory
    }

    /// What the path leads to; nil for what cannot be read, and for a link that leads out.
    private static func kind(of path: [String], below root: Int32) -> mode_t? {
        let descriptor = ServedFolder.descend(from: root, to: path)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}

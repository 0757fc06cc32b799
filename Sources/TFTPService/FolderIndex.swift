import Files
import Glibc
import SystemPackage

/// What a served folder holds, kept from one look to the next: a directory that has not changed is not read again.
struct FolderIndex {
    private struct Directory {
        /// Its state when it was read; nil if it may have changed since without showing it.
        var identity: FileIdentity?
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

    /// Reads what has changed in `folder`, which is open as `root`, or nil if it is not there; whether anything has.
    mutating func read(_ folder: ServedFolder, root: FileDescriptor?) -> Bool {
        looks += 1
        let known = looks % Self.trust == 0 ? [:] : directories
        var found: [String: Directory] = [:]
        var waiting: [[String]] = root == nil ? [] : [[]]
        var next = 0
        var left = Self.mostEntries
        while let root, next < waiting.count, left > 0 {
            let components = waiting[next]
            next += 1
            let path = components.joined(separator: "/")
            guard
                let opened = try? OwnedDescriptor(
                    beneath: root, components.isEmpty ? ["."] : components, [.directory, .nonBlocking]),
                let directory = Self.directory(
                    opened, known[path], at: components, of: folder, root: root, limit: left)
            else { continue }
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

    /// What is in one directory.
    private static func directory(
        _ opened: borrowing OwnedDescriptor, _ known: Directory?, at components: [String], of folder: ServedFolder,
        root: FileDescriptor, limit: Int
    ) -> Directory? {
        guard let identity = try? opened.identity() else { return nil }
        if let known, known.identity == identity { return known }
        // Times are coarse: in a directory that changed a moment ago, more may change without another time.
        let isSettled = identity.modified.seconds + 2 < time(nil)
        var directory = Directory(identity: isSettled ? identity : nil, files: [], folders: [])
        let isListed: Void? = try? opened.forEachEntry { bytes, type in
            // A name that is no text cannot be offered either.
            guard let name = String(validatingCString: bytes), name.utf8.first != UInt8(ascii: ".") else { return true }
            let path = components + [name]
            if type == DT_DIR || type == DT_UNKNOWN && Self.type(of: path, below: root) == .directory {
                directory.folders.append(name)
            } else if folder.serves(path), Self.type(of: path, below: root) == .regular {
                directory.files.append(name)
            }
            return directory.files.count + directory.folders.count < limit
        }
        return isListed == nil ? nil : directory
    }

    /// What the path leads to; nil for what cannot be read, and for a link that leads out.
    private static func type(of path: [String], below root: FileDescriptor) -> FileType? {
        guard let file = try? OwnedDescriptor(beneath: root, path, .nonBlocking) else { return nil }
        return try? file.identity().type
    }
}

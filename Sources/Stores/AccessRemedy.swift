import Glibc

/// What to do where the kernel does not let this process into a store.
///
/// A store is one user's: whoever else writes into it leaves files behind that its owner may not touch, and one that is given to
/// somebody else is taken from a daemon. So the right way in is nearly always to be its owner.
enum AccessRemedy {
    /// A sentence's end for a call that was refused.
    ///
    /// - Parameters:
    ///   - code: The call's error number: EACCES, EPERM or EROFS.
    ///   - path: What the call was about, in a store, or a folder in which one should be made.
    static func sentence(for code: Int32, at path: String) -> String {
        if code == EROFS {
            return
                "its file system is mounted for reading only; mount it for writing, or name another folder with --store"
        }
        let store = storeFolder(above: path)
        // What lies behind a closed folder is not seen, whosever it is: only the folder can be told of.
        if store == nil, let closed = closedFolder(above: path) {
            return
                "\(closed) lets nobody through but those whom its permissions name; name a folder elsewhere with --store, or "
                + "open it with 'chmod a+x \(closed)'"
        }
        guard let place = store ?? visible(above: path), let owner = owner(of: place) else {
            return "run this as the user whose store it is"
        }
        guard owner.user == geteuid() else {
            let other = store == nil ? "; or name another folder with --store" : ""
            let means = owner.user == 0 ? ", with sudo" : ", or with sudo, which goes on as that user"
            return "\(place) belongs to \(owner); run this as \(owner)\(means)\(other)"
        }
        if let inner = visible(above: path), let stranger = self.owner(of: inner), stranger.user != owner.user {
            return "\(inner) belongs to \(stranger), and the store to \(owner), who has to own all of it: "
                + "'sudo chown -R \(owner.user) \(place)'"
        }
        return "its permissions shut out \(owner), whose own it is: 'chmod -R u+rwX \(place)'"
    }

    /// The nearest folder above a path that is a store's. One that may not be looked into is known by which of its folders the
    /// path goes on to.
    private static func storeFolder(above path: String) -> String? {
        ancestors(of: path).first { folder in
            var status = stat()
            if lstat(folder + "/blobs", &status) == 0 { return true }
            guard errno == EACCES else { return false }
            let rest = path.utf8.dropFirst(folder.utf8.count).split(separator: UInt8(ascii: "/")).first
            return StoreSession.folders.contains { rest?.elementsEqual($0.utf8) == true }
        }
    }

    /// The folder above a path that does not let this process through to the next; nil if all do.
    private static func closedFolder(above path: String) -> String? {
        guard let folder = visible(above: path), folder.utf8.count < path.utf8.count else { return nil }
        return faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) != 0 && errno == EACCES ? folder : nil
    }

    /// The path, or what of it can be seen from outside.
    private static func visible(above path: String) -> String? {
        ancestors(of: path).first { owner(of: $0) != nil }
    }

    private static func owner(of path: String) -> StoreOwner? {
        var status = stat()
        return lstat(path, &status) == 0 ? StoreOwner(user: status.st_uid, group: status.st_gid) : nil
    }

    /// The path itself and the folders above it, the nearest first.
    private static func ancestors(of path: String) -> [String] {
        var paths = [path]
        var rest = path
        while let slash = rest.utf8.lastIndex(of: UInt8(ascii: "/")), rest != "/" {
            rest = slash > rest.startIndex ? String(rest[..<slash]) : "/"
            paths.append(rest)
        }
        return paths
    }
}

import CLinux
import Glibc

/// The user whose folder a store is.
///
/// Root must not walk through a folder that somebody else may change: a link in it leads wherever that user likes, and between
/// a look and an act there is always time for one more link. So a command that root starts becomes the store's owner before it
/// does anything else, and the kernel refuses what the owner may not do.
public struct StoreOwner: Hashable, Sendable, CustomStringConvertible {
    /// The user's number.
    public let user: uid_t
    /// The number of the folder's group.
    public let group: gid_t

    /// The user that this process has to become before it writes to the store at `root`: the folder's owner, or that of the
    /// folder in which it will be made. Nil if it is root's own, or if this process is not root's.
    public static func toBecome(for root: String) -> StoreOwner? {
        guard geteuid() == 0 else { return nil }
        var path = root
        var status = stat()
        while stat(path, &status) != 0 {
            guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
            path = slash > path.startIndex ? String(path[..<slash]) : "/"
            if path == "/" { return nil }
        }
        return status.st_uid == 0 ? nil : StoreOwner(user: status.st_uid, group: status.st_gid)
    }

    /// Makes this process the user's. Programs that it starts are the user's for good; the process itself can still do a thing
    /// as root, with `asRoot`.
    public func become() throws(StoreError) {
        try check(linux_become(user, group))
    }

    /// Does `body` as root in a process that has become a store's owner, and as it is in any other: opening a file that whoever
    /// started the command has named, and nothing inside the store. It holds for all threads.
    public static func asRoot<Value: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let (user, group) = (geteuid(), getegid())
        guard user != 0, seteuid(0) == 0 else { return try body() }
        _ = setegid(0)
        defer {
            // Going on as root instead would be what all this is there to prevent.
            guard setegid(group) == 0, seteuid(user) == 0 else { abort() }
        }
        return try body()
    }

    /// Starts this program again from its beginning, with the same arguments, as the user's and with the rights that a daemon
    /// needs: to bind low ports, and to capture packets. Returns only by throwing.
    public func startAgain() throws(StoreError) {
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        try check(linux_start_again_as(user, group, &arguments))
    }

    private func check(_ code: Int32) throws(StoreError) {
        if code == 0 { return }
        throw StoreError(
            .permissionDenied,
            "the store belongs to \(self), and going on as that user is refused: \(String(cString: strerror(-code))); run "
                + "this as \(self)")
    }

    public var description: String {
        guard let entry = getpwuid(user) else { return "the user \(user)" }
        return "the user '\(String(cString: entry.pointee.pw_name))'"
    }
}

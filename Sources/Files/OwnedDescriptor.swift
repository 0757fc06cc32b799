import CLinux
import Glibc
import SystemPackage

/// An open file or folder, closed when its owner goes. It is not inherited by the programs that this process starts, and a terminal
/// does not become the process' own.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// Its number, valid as long as the owner is there.
    public let descriptor: FileDescriptor

    /// Takes over a descriptor.
    public init(owning descriptor: FileDescriptor) { self.descriptor = descriptor }

    /// Opens `path`.
    ///
    /// - Parameters:
    ///   - folder: The folder from which a relative path leads; nil for the process' own.
    ///   - permissions: What is made gets these, less the process' mask.
    public init(
        opening path: String, in folder: FileDescriptor? = nil, _ access: FileDescriptor.AccessMode = .readOnly,
        _ options: FileDescriptor.OpenOptions = [], permissions: FilePermissions = []
    ) throws(Errno) {
        let flags = Self.flags(access, options)
        while true {
            let number = openat(folder?.rawValue ?? AT_FDCWD, path, flags, permissions.rawValue)
            if number >= 0 {
                descriptor = FileDescriptor(rawValue: number)
                return
            }
            let code = Errno(rawValue: errno)
            if code != .interrupted { throw code }
        }
    }

    /// Opens a path below the folder `root` for reading. Links that stay below it are followed, and the kernel refuses a way out
    /// (openat2(2), RESOLVE_BENEATH), whatever is renamed meanwhile. Where it has no openat2, no link is followed.
    public init(
        beneath root: FileDescriptor, _ names: [String], _ options: FileDescriptor.OpenOptions
    ) throws(Errno) {
        let number = linux_open_beneath(root.rawValue, names.joined(separator: "/"), Self.flags(.readOnly, options))
        if number == -ENOSYS {
            self = try OwnedDescriptor(descending: names, from: root, options)
        } else if number >= 0 {
            descriptor = FileDescriptor(rawValue: number)
        } else {
            throw Errno(rawValue: -number)
        }
    }

    /// Opens a path below the folder `root` for reading, one name after the other, and follows no link.
    ///
    /// - Throws: `Errno`: also ENOTDIR and ELOOP for links; ENOENT without names.
    public init(
        descending names: [String], from root: FileDescriptor, _ options: FileDescriptor.OpenOptions
    ) throws(Errno) {
        guard let last = names.last else { throw .noSuchFileOrDirectory }
        var folder = try OwnedDescriptor(opening: ".", in: root, .readOnly, .directory)
        for name in names.dropLast() {
            folder = try OwnedDescriptor(opening: name, in: folder.descriptor, .readOnly, .folder)
        }
        self = try OwnedDescriptor(opening: last, in: folder.descriptor, .readOnly, options.union(.noFollow))
    }

    deinit { try? descriptor.close() }

    /// Gives the descriptor to another owner.
    consuming func take() -> FileDescriptor {
        let descriptor = descriptor
        discard self
        return descriptor
    }

    /// Closes the file here and not before, for one that is held for its lock.
    public consuming func close() {}

    private static func flags(
        _ access: FileDescriptor.AccessMode, _ options: FileDescriptor.OpenOptions
    ) -> CInt {
        access.rawValue | options.rawValue | O_CLOEXEC | O_NOCTTY
    }
}

extension FileDescriptor.OpenOptions {
    /// For a name under which somebody else may have put something: a link is not followed, and a FIFO does not hold the opener.
    public static let cautious: Self = [.noFollow, .nonBlocking]
    /// A folder itself, and no link to one.
    public static let folder: Self = [.directory, .noFollow]
}

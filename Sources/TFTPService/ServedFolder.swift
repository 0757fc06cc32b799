import Files
import Glibc
import Synchronization
import SystemPackage
import TFTP

/// A folder of which nothing but the regular files inside it can be reached, and of which is known what it holds.
///
/// The walk is the kernel's (openat2, RESOLVE_BENEATH), so that no race with a rename and no symbolic link leads out of it.
/// Links that stay inside are followed, as operators like them for `pxelinux.0`. Where the kernel has no openat2, each
/// component is opened by itself and no link is followed.
public final class ServedFolder: Sendable {
    /// Which of its files are served.
    public enum Content: Hashable, Sendable {
        /// Every file, in folders inside it too.
        case tree
        /// Every file that lies in the folder itself.
        case files
        /// Those of the folder itself whose names end as network boot programs' do, as in a folder that holds other things.
        case programs
    }

    /// Where it is; it may come and go.
    public let path: String
    /// Which of its files are served.
    public let content: Content
    // Two, so that whoever wants to know what is there never waits for a disk.
    private let index = Mutex(FolderIndex())
    private let listing = Mutex(FolderIndex.Listing())

    /// How network boot programs' names end.
    static let programSuffixes = [".efi", ".kpxe", ".kkpxe", ".kkkpxe", ".pxe"]

    /// A folder.
    public init(path: String, content: Content = .tree) {
        self.path = path
        self.content = content
    }

    /// The names of its files as of the last ``refresh()``, with slashes between folders.
    public var names: Set<String> { listing.withLock { $0.names } }

    /// Looks again which files there are. This reads the disk, though only what has changed.
    ///
    /// - Parameter age: The least age in seconds of the last look.
    public func refresh(ifOlderThan age: Double = 0) {
        index.withLock { index in
            let now = Double(monotonicNanoseconds()) / 1e9
            guard age <= 0 || now - index.read >= age else { return }
            index.read = now
            let hasChanged =
                if let root = try? openRoot() { index.read(self, root: root.descriptor) } else {
                    index.read(self, root: nil)
                }
            guard hasChanged else { return }
            let fresh = index.listing
            listing.withLock { $0 = fresh }
        }
    }

    /// The file `name`, or nil if there is no regular file of that name inside the folder.
    public func open(_ name: TFTPFileName, files: OpenFiles) throws(TFTPContentError) -> OpenFile? {
        guard serves(name.components) else { return nil }
        guard let root = try openRoot() else { return nil }
        return try open(name.components, below: root.descriptor, files: files)
    }

    /// The file that is called `name` without regard to case, as it was when the folder was last looked at. Of several, the
    /// first in byte order.
    func openInAnyCase(_ name: TFTPFileName, files: OpenFiles) throws(TFTPContentError) -> OpenFile? {
        // However many ask, the folder is looked at once a second.
        refresh(ifOlderThan: 1)
        let wanted = name.path.lowercased()
        guard let spelling = listing.withLock({ $0.spellings[wanted] }) else { return nil }
        guard let root = try openRoot() else { return nil }
        let components = spelling.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
        return try open(components, below: root.descriptor, files: files)
    }

    /// Whether a file of this place would be served.
    func serves(_ components: [String]) -> Bool {
        switch content {
        case .tree: true
        case .files: components.count == 1
        case .programs:
            components.count == 1
                && Self.programSuffixes.contains { suffix in
                    components[0].lowercased().utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
                }
        }
    }

    private func openRoot() throws(TFTPContentError) -> OwnedDescriptor? {
        do throws(Errno) { return try OwnedDescriptor(opening: path, .readOnly, .directory) } catch {
            switch error {
            case .noSuchFileOrDirectory, .notDirectory: return nil
            // A distribution may keep its own folder to itself; of the operator's, he should hear.
            case .permissionDenied where content == .programs: return nil
            default: throw .unreadable(path: path, errno: error.rawValue)
            }
        }
    }

    private func open(
        _ components: [String], below root: FileDescriptor, files: OpenFiles
    ) throws(TFTPContentError) -> OpenFile? {
        let name = components.joined(separator: "/")
        let file: OwnedDescriptor
        // A FIFO must not hold the opener, so nothing waits; and a device is told apart only when it is open.
        do throws(Errno) { file = try OwnedDescriptor(beneath: root, components, .nonBlocking) } catch {
            switch error.rawValue {
            case ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, ENXIO, EACCES, EPERM: return nil
            default: throw .unreadable(path: "\(path)/\(name)", errno: error.rawValue)
            }
        }
        do {
            return try files.adopt(file, path: "\(path)/\(name)")
        } catch .notRegular {
            return nil
        }
    }
}

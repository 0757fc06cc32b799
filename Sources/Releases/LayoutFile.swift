import Files
import Stores
import SystemPackage

/// A file of a layout, or the layout itself, open for reading. A layout is the operator's, who may be root and hand over what the
/// store's owner cannot read.
struct LayoutFile: ~Copyable {
    /// Its name for messages.
    let shown: String
    private let file: OwnedDescriptor
    private let identity: FileIdentity

    var length: UInt64 { identity.length }
    var isRegular: Bool { identity.isRegular }

    /// Opens what the operator has named.
    init(_ path: String, _ options: FileDescriptor.OpenOptions) throws(ReleaseError) {
        do throws(Errno) {
            let file = try StoreOwner.asRoot { () throws(Errno) in
                try OwnedDescriptor(opening: path, .readOnly, options)
            }
            try self.init(file, shown: path)
        } catch {
            throw Self.failure(path, error)
        }
    }

    /// Opens a file in a layout, without following a link; nil if there is none.
    init?(_ names: [String], in layout: borrowing LayoutFile) throws(ReleaseError) {
        let shown = ([layout.shown] + names).joined(separator: "/")
        let root = layout.file.descriptor
        do throws(Errno) {
            let file = try StoreOwner.asRoot { () throws(Errno) in
                try OwnedDescriptor(descending: names, from: root, .cautious)
            }
            try self.init(file, shown: shown)
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw Self.failure(shown, error)
        }
    }

    private init(_ file: consuming OwnedDescriptor, shown: String) throws(Errno) {
        identity = try file.identity()
        self.file = file
        self.shown = shown
    }

    private static func failure(_ shown: String, _ error: Errno) -> ReleaseError {
        if error == .tooManySymbolicLinkLevels || error == .notDirectory {
            return ReleaseError(
                .blob, "\(shown) leads over a symbolic link, which is not followed; put the file itself in the layout")
        }
        return ReleaseError(.notALayout, "\(shown) can't be opened: \(error)")
    }

    /// Hands what is left of the file to `body`, a mebibyte at a time.
    func readAll(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try file.readAll(orThrow: { unreadable($0) as any Error }, body)
    }

    /// What is left of the file, or nil if that is more than `limit` bytes.
    func bytes(upTo limit: Int) throws(ReleaseError) -> [UInt8]? {
        do throws(Errno) { return try file.bytes(upTo: limit) } catch { throw unreadable(error) }
    }

    private func unreadable(_ error: Errno) -> ReleaseError {
        ReleaseError(.blob, "\(shown) can't be read: \(error)")
    }

    /// The lengths of the files in the folder `names` of this layout together, as far as they can be seen.
    func totalLength(in names: [String]) -> UInt64 {
        let root = file.descriptor
        return StoreOwner.asRoot {
            guard let folder = try? OwnedDescriptor(descending: names, from: root, .folder) else { return 0 }
            var total: UInt64 = 0
            let descriptor = folder.descriptor
            try? folder.forEachEntry { name, _ in
                if let entry = try? Stat(name, relativeTo: descriptor, flags: .symlinkNoFollow), entry.type == .regular
                {
                    total &+= UInt64(clamping: entry.size)
                }
                return true
            }
            return total
        }
    }
}

import Compositions
import Digests
import Glibc
import OCIModel
import Stores

/// A layout in a folder. Only its own regular files are read: a link in it, which could lead anywhere, is an error.
final class LayoutFolder: LayoutSource {
    private let path: String
    private let store: EmbeddedStore
    private let progress: ProgressMeter
    private let root: OpenFile
    let byteCount: UInt64

    init(path: String, store: EmbeddedStore, progress: ProgressMeter) throws {
        self.path = path
        self.store = store
        self.progress = progress
        root = try OpenFile(path, O_DIRECTORY, shown: path)
        var total: UInt64 = 0
        if let blobs = try? OpenFile(in: root, "blobs", O_DIRECTORY | O_NOFOLLOW, shown: path),
            let folder = try? OpenFile(in: blobs, "sha256", O_DIRECTORY | O_NOFOLLOW, shown: path)
        {
            total = folder.totalLengthOfEntries()
        }
        // Once to copy and check, once to unpack.
        byteCount = total.multipliedReportingOverflow(by: 2).partialValue
    }

    /// Whether the operator named a folder, links on the way to it followed.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return StoreOwner.asRoot { stat(path, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    func rootFile(_ name: String) throws -> [UInt8]? {
        guard let file = try open([name]) else { return nil }
        var bytes: [UInt8] = []
        try file.readAll { chunk in
            guard bytes.count + chunk.count <= maximumDocumentLength else {
                throw ReleaseError(.limit, "\(path)/\(name) is longer than the \(maximumDocumentLength) bytes allowed")
            }
            bytes.append(contentsOf: chunk)
        }
        return bytes
    }

    func stage(_ descriptor: Descriptor) throws -> StagedBlob {
        guard let file = try open(["blobs", "sha256", descriptor.digest.hexadecimal]) else { throw missing(descriptor) }
        guard file.length == descriptor.size else { throw wrongLength(descriptor, file.length) }
        let staged = try store.stage(expecting: nil, limit: descriptor.size) { writer in
            try file.readAll { chunk in
                try writer.write(chunk)
                try progress.add(chunk.count)
            }
        }
        guard staged.file.length == descriptor.size else { throw wrongLength(descriptor, staged.file.length) }
        guard staged.file.digest == descriptor.digest else { throw wrongContent(descriptor, staged.file.digest) }
        return staged
    }

    private func open(_ names: [String]) throws -> OpenFile? {
        let shown = ([path] + names).joined(separator: "/")
        var folder = root
        for name in names.dropLast() {
            guard let next = try OpenFile(in: folder, ifPresent: name, O_DIRECTORY | O_NOFOLLOW, shown: shown)
            else { return nil }
            folder = next
        }
        guard let name = names.last,
            let file = try OpenFile(in: folder, ifPresent: name, O_NOFOLLOW | O_NONBLOCK, shown: shown)
        else { return nil }
        guard file.isRegular else { throw ReleaseError(.blob, "\(shown) is not a regular file") }
        return file
    }
}

/// A file or folder of the operator's, open for reading.
final class OpenFile {
    let number: Int32
    private let shown: String

    /// Opens `name` in a folder, or in the process's own.
    convenience init(in folder: OpenFile? = nil, _ name: String, _ flags: Int32, shown: String) throws(ReleaseError) {
        let (number, code) = Self.open(in: folder?.number ?? AT_FDCWD, name, flags)
        guard number >= 0 else { throw Self.failure(shown, code) }
        self.init(number: number, shown: shown)
    }

    /// Opens `name` in a folder; nil if there is no such file.
    convenience init?(in folder: OpenFile, ifPresent name: String, _ flags: Int32, shown: String) throws(ReleaseError) {
        let (number, code) = Self.open(in: folder.number, name, flags)
        guard number >= 0 else {
            if code == ENOENT { return nil }
            throw Self.failure(shown, code)
        }
        self.init(number: number, shown: shown)
    }

    /// A layout is the operator's, who may be root and hand over what the store's owner cannot read.
    private static func open(in folder: Int32, _ name: String, _ flags: Int32) -> (number: Int32, code: Int32) {
        StoreOwner.asRoot { (openat(folder, name, O_RDONLY | O_CLOEXEC | flags), errno) }
    }

    private init(number: Int32, shown: String) {
        self.number = number
        self.shown = shown
    }

    deinit { close(number) }

    private static func failure(_ shown: String, _ code: Int32) -> ReleaseError {
        if code == ELOOP || code == ENOTDIR {
            return ReleaseError(
                .blob, "\(shown) leads over a symbolic link, which is not followed; put the file itself in the layout")
        }
        return ReleaseError(.notALayout, "\(shown) can't be opened: \(String(cString: strerror(code)))")
    }

    private var status: stat? {
        var status = stat()
        return fstat(number, &status) == 0 ? status : nil
    }

    var length: UInt64 { UInt64(clamping: status?.st_size ?? 0) }
    var isRegular: Bool { status.map { $0.st_mode & S_IFMT == S_IFREG } ?? false }

    /// Hands what is left of the file to `body`, a mebibyte at a time.
    func readAll(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = read(number, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            if count > 0 {
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } else if errno != EINTR {
                throw ReleaseError(.blob, "\(shown) can't be read: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// The lengths of a folder's entries together.
    func totalLengthOfEntries() -> UInt64 { StoreOwner.asRoot { countLengthOfEntries() } }

    private func countLengthOfEntries() -> UInt64 {
        // A descriptor of its own: closedir closes the one it is given.
        let copy = openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let folder = fdopendir(copy) else { return 0 }
        defer { closedir(folder) }
        var total: UInt64 = 0
        while let entry = readdir(folder) {
            var status = stat()
            let found = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    fstatat(number, $0, &status, AT_SYMLINK_NOFOLLOW)
                }
            }
            if found == 0, status.st_mode & S_IFMT == S_IFREG { total &+= UInt64(clamping: status.st_size) }
        }
        return total
    }
}

import Compositions
import Digests
import Glibc
import Netboot

/// The loaders (iPXE) that this host has. They come from the distribution's package at run time; none is built in.
public struct Loaders: Sendable {
    /// Each loader's file, by the name under which it is served.
    public let files: [String: StoredFile]
    /// When each file was last changed, in seconds since 1970.
    public let modified: [String: Int64]

    /// Looks for every loader that ``Netboot`` can name in `folders`; the first hit counts.
    public init(folders: [String]) {
        var files: [String: StoredFile] = [:]
        var modified: [String: Int64] = [:]
        for name in Loader.all {
            for folder in folders {
                guard let (file, time) = Self.file("\(folder)/\(name)") else { continue }
                files[name] = file
                modified[name] = time
                break
            }
        }
        self.files = files
        self.modified = modified
    }

    /// The names of the loaders that are there.
    public var names: Set<String> { Set(files.keys) }

    // A loader is a few hundred KiB; anything of this size is something else.
    private static let largest = 64 << 20

    private static func file(_ path: String) -> (StoredFile, Int64)? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= largest else {
            return nil
        }
        var hasher = SHA256Hasher()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var length: UInt64 = 0
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { return nil }
            if count == 0 { break }
            hasher.update(buffer[..<count])
            length += UInt64(count)
        }
        return (StoredFile(path: path, length: length, digest: hasher.finalize()), Int64(status.st_mtim.tv_sec))
    }
}

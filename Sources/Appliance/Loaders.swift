import Compositions
import Glibc
import Netboot

/// The loaders (iPXE) that this host has. They come from the distribution's package at run time; none is built in. They are read
/// once and served from memory, so that an upgrade of the package while machines boot changes nothing before the next start.
public struct Loaders: Sendable {
    /// Each loader's content, by the name under which it is served.
    public let files: [String: Composition]
    /// When each file was last changed, in seconds since 1970.
    public let modified: [String: Int64]

    /// Looks for every loader that ``Netboot`` can name in `folders`; the first hit counts.
    public init(folders: [String]) {
        var files: [String: Composition] = [:]
        var modified: [String: Int64] = [:]
        for name in Loader.all {
            for folder in folders {
                guard let (bytes, time) = Self.content("\(folder)/\(name)") else { continue }
                files[name] = Composition([.bytes(bytes)])
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
    private static let largest = 16 << 20

    private static func content(_ path: String) -> ([UInt8], Int64)? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= largest else {
            return nil
        }
        var content: [UInt8] = []
        content.reserveCapacity(Int(status.st_size))
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while content.count <= largest {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { return nil }
            if count == 0 { return (content, Int64(status.st_mtim.tv_sec)) }
            content += buffer[..<count]
        }
        return nil
    }
}

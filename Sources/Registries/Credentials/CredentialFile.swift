import Glibc

/// A small file with secrets in it.
enum CredentialFile {
    /// The file's bytes; nil where there is no file.
    ///
    /// - Throws: ``RegistryError``, when it cannot be read, is no file, or is longer than `limit` bytes.
    static func read(
        _ path: String, limit: Int, as purpose: String = "where registries' credentials are"
    ) throws(RegistryError) -> [UInt8]? {
        // Without O_NONBLOCK, a FIFO of that name would stop us for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure(path, purpose, "cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw failure(path, purpose, "is not a regular file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit, 1 << 16) + 1)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw failure(path, purpose, "cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw failure(path, purpose, "is longer than \(limit) bytes") }
        }
    }

    private static func failure(_ path: String, _ purpose: String, _ problem: String) -> RegistryError {
        RegistryError(.credentials, "\(path), \(purpose), \(problem)")
    }
}

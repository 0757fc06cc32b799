import Glibc

/// A file that a configuration names.
enum RegularFile {
    /// Why it cannot be used.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// What files said when a machines file was kept, by their paths; read in their place while it is read anew.
    @TaskLocal static var kept: [String: [UInt8]]?

    /// What tells one state of a file from another. A file that is replaced has another inode, even if it is as long
    /// and as old as the one before.
    struct Fingerprint: Hashable, Sendable {
        fileprivate var device: UInt
        fileprivate var inode: UInt
        fileprivate var size: Int
        fileprivate var seconds: Int
        fileprivate var nanoseconds: Int
    }

    /// The present state; nil when there is nothing.
    static func fingerprint(of path: String) -> Fingerprint? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Fingerprint(
            device: status.st_dev, inode: status.st_ino, size: status.st_size, seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
    }

    /// Checks that the file is there, is a file, can be read, and is not longer than `limit` bytes.
    static func check(_ path: String, limit: Int) throws(Failure) {
        if let kept {
            guard kept[path] != nil else { throw failure(ENOENT) }
            return
        }
        close(try open(path, limit: limit))
    }

    /// The file's bytes, `limit` at most.
    static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        if let kept {
            guard let content = kept[path] else { throw failure(ENOENT) }
            guard content.count <= limit else { throw tooLong(limit) }
            return content
        }
        let descriptor = try open(path, limit: limit)
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(errno) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            // It may have grown since it was opened.
            guard bytes.count <= limit else { throw tooLong(limit) }
        }
    }

    private static func open(_ path: String, limit: Int) throws(Failure) -> Int32 {
        // Without O_NONBLOCK, a FIFO of that name would stop us for ever.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(errno) }
        var status = stat()
        let isThere = fstat(descriptor, &status) == 0
        guard isThere, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
            close(descriptor)
            throw isThere && status.st_mode & S_IFMT == S_IFREG
                ? tooLong(limit) : Failure(description: "it is not a regular file")
        }
        return descriptor
    }

    private static func failure(_ code: Int32) -> Failure {
        Failure(description: strerror(code).map { String(cString: $0) } ?? "error \(code)")
    }

    private static func tooLong(_ limit: Int) -> Failure { Failure(description: "it is longer than \(limit) bytes") }
}

/// File names as paths.
enum FilePath {
    /// The folder that a file is in.
    static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(decoding: path.utf8[..<slash], as: UTF8.self)
    }

    /// A path that a file in `folder` names.
    static func resolve(_ path: String, in folder: String) -> String {
        let slash = UInt8(ascii: "/")
        return path.utf8.first == slash ? path : folder.utf8.last == slash ? folder + path : "\(folder)/\(path)"
    }
}

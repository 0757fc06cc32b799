import Compositions
import Files
import Glibc
import SystemPackage

/// A file of lines in the store that grows at its end and is replaced by a shorter one now and then, by one process at a time.
///
/// What has been appended outlives the process at once, however that ends, and a failure of the power after some seconds: it is
/// not synced, so that many small changes cost nothing. A replacement is on the disk when it returns. Everything here blocks, and
/// one caller at a time may write.
public final class JournalFile: Sendable {
    /// What reading has come upon.
    public struct Reading: Hashable, Sendable {
        /// Whether there was a file.
        public var isThere = false
        /// How many bytes at the beginning were passed over, because the file is longer than what is read.
        public var skipped: UInt64 = 0
        /// How many lines were too long.
        public var tooLong = 0
        /// Whether the last line has no end, as when the writer was killed or the disk was full.
        public var isTorn = false

        /// Nothing.
        public init() {}
    }

    /// Where it is.
    public let path: String
    private let folder: String
    private let session: StoreSession
    /// Held as long as this object lives; the kernel drops it with the process.
    private let lock: OwnedDescriptor

    fileprivate init(folder: String, name: String, session: StoreSession) throws(StoreError) {
        try session.makeFolder(folder)
        self.folder = folder
        self.session = session
        path = "\(folder)/\(name)"
        let lockPath = "\(path).lock"
        guard let lock = try OwnedDescriptor.open(lockPath, .readWrite, .create, missingFolder: true) else {
            throw StoreError(errno: ENOENT, "opening", lockPath)
        }
        guard try lock.tryLock(lockPath) else {
            throw StoreError(
                .busy, "another process writes \(path), and only one may; see which with 'fuser \(lockPath)'")
        }
        self.lock = lock
    }

    /// Hands the lines of the file to `body`, in order and without their line feeds. A last line without one is left out.
    ///
    /// - Parameters:
    ///   - limit: How many bytes at the end of the file are read.
    ///   - longest: How many bytes a line may have; longer ones are left out.
    public func readLines(
        last limit: UInt64, longest: Int, _ body: (ArraySlice<UInt8>) -> Void
    ) throws(StoreError) -> Reading {
        var reading = Reading()
        guard let file = try OwnedDescriptor.open(path) else { return reading }
        let length = try regularLength(file)
        reading.isThere = true
        if length > limit {
            reading.skipped = length - limit
            guard lseek(file.descriptor.rawValue, off_t(clamping: length - limit), SEEK_SET) >= 0 else {
                throw StoreError(errno: errno, "reading", path)
            }
        }
        var line: [UInt8] = []
        // The first line may have begun before what is read.
        var isTooLong = reading.skipped > 0
        func take(_ piece: UnsafeRawBufferPointer) {
            var rest = piece[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                if isTooLong || line.count + (end - rest.startIndex) > longest {
                    reading.tooLong += 1
                } else {
                    line.append(contentsOf: rest[..<end])
                    body(line[...])
                }
                line.removeAll(keepingCapacity: true)
                isTooLong = false
                rest = rest[(end + 1)...]
            }
            isTooLong = isTooLong || line.count + rest.count > longest
            if isTooLong { line.removeAll() } else { line.append(contentsOf: rest) }
            reading.isTorn = isTooLong || !line.isEmpty
        }
        try file.readAll(path, take)
        return reading
    }

    /// The first line of the file, however long the file is, without its line feed; nil where there is no file, or no such line of
    /// at most `longest` bytes.
    public func firstLine(longest: Int) throws(StoreError) -> [UInt8]? {
        guard let file = try OwnedDescriptor.open(path) else { return nil }
        _ = try regularLength(file)
        var line: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { piece.deallocate() }
        while line.count <= longest {
            let count: Int
            do throws(Errno) { count = try file.read(into: piece) } catch { throw StoreError(error, "reading", path) }
            guard count > 0 else { return nil }
            let part = piece.prefix(count)
            guard let end = part.firstIndex(of: UInt8(ascii: "\n")) else {
                line += part
                continue
            }
            line += part[..<end]
            return line.count <= longest ? line : nil
        }
        return nil
    }

    /// Appends whole lines, and gives the file's length.
    ///
    /// - Throws: `StoreError`. A part of the lines may have been written then; ``replace(with:)`` mends that.
    public func append(_ lines: [UInt8]) throws(StoreError) -> UInt64 {
        var file = try open()
        if file == nil {
            try session.makeFolder(folder)
            file = try open()
        }
        guard let file else { throw StoreError(errno: ENOENT, "opening", path) }
        _ = try regularLength(file)
        try file.write(lines, path)
        return try regularLength(file)
    }

    /// Puts these lines in the place of all that there were; whoever reads sees the one or the other.
    public func replace(with lines: [UInt8]) throws(StoreError) {
        let temporary = session.nextPath()
        let file = try session.create(temporary)
        defer { unlink(temporary) }
        try file.write(lines, path)
        try file.synchronize(path)
        try session.makeFolder(folder)
        try session.rename(temporary, to: path)
        try synchronizeFolder(folder)
    }

    private func open() throws(StoreError) -> OwnedDescriptor? {
        try OwnedDescriptor.open(path, .writeOnly, [.append, .create], missingFolder: true)
    }

    private func regularLength(_ file: borrowing OwnedDescriptor) throws(StoreError) -> UInt64 {
        let identity = try file.identity(path)
        guard identity.isRegular else { throw StoreError(.corrupt, "the journal \(path) is no file; remove it") }
        return identity.length
    }
}

extension EmbeddedStore {
    /// The journal of a name, to be written by this process alone.
    ///
    /// - Throws: `StoreError`, with the code `busy` while another process has it, and `readOnly`.
    public func journal(_ name: String) throws(StoreError) -> JournalFile {
        try JournalFile(folder: root + "/journal", name: name, session: try writableSession())
    }
}

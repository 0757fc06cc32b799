import Bytes
import Digests
import Files
import Glibc
import SystemPackage

/// Some content in a spool.
struct SpooledContent: Hashable {
    /// Its number; equal content found twice has one number.
    var id: Int
    var offset: UInt64
    var size: UInt64
}

/// One unnamed temporary file that holds the contents of many: nothing of an image ever gets a name on this machine's
/// disk, and nothing is left when the process ends, however it ends.
final class Spool {
    /// Tells whether the build goes on; asked for each piece that is read or written.
    let isCancelled: CancellationCheck

    private let file: OwnedDescriptor
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
    private var position: UInt64 = 0
    private var contents: [SpooledContent] = []
    private var known: [Digest: Int] = [:]
    private var hasher: SHA256Hasher?
    private var start: UInt64 = 0

    /// A spool in the folder `folder`, which must exist.
    init(in folder: String, isCancelled: @escaping CancellationCheck = { false }) throws(ImagingError) {
        self.isCancelled = isCancelled
        let path = "\(folder)/slipway-\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 16))"
        do throws(Errno) {
            file = try OwnedDescriptor(
                opening: path, .readWrite, [.create, .exclusiveCreate, .noFollow], permissions: .ownerReadWrite)
        } catch {
            throw ImagingError(.temporaryFile, "cannot make a temporary file in \(folder): \(error)")
        }
        unlink(path)
    }

    deinit { buffer.deallocate() }

    /// Begins a content, which `append` and `finish` go on with.
    ///
    /// - Parameter sharing: whether to look for equal content, and keep only one.
    func begin(sharing: Bool = true) {
        start = position
        hasher = sharing ? SHA256Hasher() : nil
    }

    /// Takes the next bytes of the content that has begun.
    func append(_ bytes: UnsafeRawBufferPointer) throws(ImagingError) {
        hasher?.update(bytes)
        try write(bytes, at: position)
        position += UInt64(bytes.count)
    }

    /// Takes the next bytes of the content that has begun.
    func append(_ bytes: [UInt8]) throws(ImagingError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(ImagingError) in try append(buffer) }
        }
        try result.get()
    }

    /// Ends the content that has begun.
    func finish() -> SpooledContent {
        let content = SpooledContent(id: contents.count, offset: start, size: position - start)
        if let digest = hasher.take()?.finalize() {
            if let id = known[digest] {
                // The room is used again.
                position = start
                return contents[id]
            }
            known[digest] = content.id
        }
        contents.append(content)
        return content
    }

    /// Takes in `bytes` as a content.
    func add(_ bytes: [UInt8]) throws(ImagingError) -> SpooledContent {
        begin()
        try append(bytes)
        return finish()
    }

    /// Overwrites the beginning of `content`, which must not be shared.
    func overwrite(_ content: SpooledContent, with bytes: [UInt8]) throws(ImagingError) {
        try write(bytes, at: content.offset)
    }

    /// The content with a number.
    func content(_ id: Int) -> SpooledContent { contents[id] }

    /// Hands `content` to `body` in order, in pieces that are valid during the call only.
    func read(_ content: SpooledContent, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var offset = content.offset
        let end = content.offset + content.size
        while offset < end {
            try ImagingError.check(isCancelled)
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(UInt64(buffer.count), end - offset))])
            let count: Int
            do throws(Errno) { count = try file.descriptor.readFully(from: offset, into: piece) } catch {
                throw ImagingError(.temporaryFile, "cannot read a temporary file: \(error)")
            }
            guard count == piece.count else {
                throw ImagingError(.temporaryFile, "cannot read a temporary file: it ends before what was written")
            }
            offset += UInt64(count)
            try body(UnsafeRawBufferPointer(piece))
        }
    }

    /// The whole of `content`, which must be known to be small.
    func bytes(of content: SpooledContent) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(content.size))
        try read(content) { bytes.append(contentsOf: $0) }
        return bytes
    }

    private func write(_ bytes: some Sequence<UInt8>, at offset: UInt64) throws(ImagingError) {
        try ImagingError.check(isCancelled)
        do throws(Errno) { try file.writeAll(bytes, at: offset) } catch {
            throw ImagingError(.temporaryFile, "cannot write a temporary file: \(error); free some space")
        }
    }
}

import Glibc
import SystemPackage

/// Reads a composition at any place. Its files are open all the while: what has been begun can be finished, whatever becomes of
/// their names.
///
/// A file has to be what its digest names when it is opened, at each step of ``StoredFile/step`` bytes and at the end of each
/// segment; reads that go through a segment in order get no last byte of one that was altered.
public final class CompositionReader: Sendable {
    /// What it reads.
    public let composition: Composition
    /// For each segment its open file.
    private let files: [(any ReadableFile)?]

    /// Opens the files of a composition, each once.
    ///
    /// - Parameter open: opens a stored file, whose state is checked afterwards.
    /// - Throws: what `open` throws; `SegmentError`.
    public init(_ composition: Composition, open: (StoredFile) throws -> any ReadableFile) throws {
        self.composition = composition
        var known: [StoredFile: any ReadableFile] = [:]
        files = try composition.segments.map { segment in
            switch segment {
            case .bytes, .zeros: return nil
            case .file(let stored, _):
                if let file = known[stored] { return file }
                let file = try open(stored)
                try stored.check(file.descriptor)
                known[stored] = file
                return file
            }
        }
    }

    /// Opens the files of a composition.
    public convenience init(_ composition: Composition) throws {
        try self.init(composition) { try OpenedFile($0) }
    }

    /// Copies the bytes in `range`, which must lie in the composition, to `output`, which has room for them.
    public func read(_ range: Range<UInt64>, to output: UnsafeMutableRawPointer) throws(SegmentError) {
        guard !range.isEmpty else { return }
        var next = output
        for index in composition.index(at: range.lowerBound)..<composition.segments.count {
            let whole = composition.range(at: index)
            guard whole.lowerBound < range.upperBound else { return }
            let part = range.clamped(to: whole)
            let start = part.lowerBound - whole.lowerBound
            switch composition.segments[index] {
            case .bytes(let bytes):
                bytes.withUnsafeBytes { buffer in
                    guard let base = buffer.baseAddress else { return }
                    next.copyMemory(from: base + Int(start), byteCount: part.count)
                }
            case .zeros: memset(next, 0, part.count)
            case .file(let stored, let bytes):
                guard let file = files[index] else { throw .altered(path: stored.path) }
                let wanted = bytes.lowerBound + start
                try stored.read(wanted..<(wanted + UInt64(part.count)), of: file.descriptor, to: next)
                try check(after: part, at: index)
            }
            next += part.count
        }
    }

    /// Where the bytes in `range` lie in one open file, for whoever reads them from there by other means; nil if they do not lie
    /// in one. ``check(after:)`` has to be asked when they have been read.
    public func place(of range: Range<UInt64>) -> (descriptor: FileDescriptor, offset: UInt64)? {
        guard !range.isEmpty, range.upperBound <= composition.length else { return nil }
        let index = composition.index(at: range.lowerBound)
        let whole = composition.range(at: index)
        guard range.upperBound <= whole.upperBound, let file = files[index] else { return nil }
        switch composition.segments[index] {
        case .bytes, .zeros: return nil
        case .file(_, let bytes): return (file.descriptor, bytes.lowerBound + (range.lowerBound - whole.lowerBound))
        }
    }

    /// Looks at the file in which ``place(of:)`` found `range`, where that ends a step or a segment.
    public func check(after range: Range<UInt64>) throws(SegmentError) {
        guard !range.isEmpty, range.upperBound <= composition.length else { return }
        try check(after: range, at: composition.index(at: range.lowerBound))
    }

    private func check(after part: Range<UInt64>, at index: Int) throws(SegmentError) {
        let end = composition.range(at: index).upperBound
        guard part.upperBound == end || part.upperBound / StoredFile.step != part.lowerBound / StoredFile.step
        else { return }
        switch composition.segments[index] {
        case .bytes, .zeros: return
        case .file(let stored, _):
            if let file = files[index] { try stored.check(file.descriptor) }
        }
    }
}

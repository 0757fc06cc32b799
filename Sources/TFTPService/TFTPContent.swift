import CLinux
import Compositions
import Files
import SystemPackage

/// What one transfer sends: bytes of open files and of memory, read piece by piece and never held as a whole.
public final class TFTPContent: Sendable {
    private enum Source: Sendable {
        case file(OpenFile)
        case bytes([UInt8])
        case composition(CompositionReader)
    }

    /// How many bytes there are.
    public let length: UInt64
    private let source: Source

    /// The whole of `file`.
    public init(_ file: OpenFile) {
        length = file.length
        source = .file(file)
    }

    /// The bytes themselves, for what is made at the moment it is asked for.
    public init(_ bytes: [UInt8]) {
        length = UInt64(bytes.count)
        source = .bytes(bytes)
    }

    /// A composition, whose files are opened now and shared with other transfers.
    public init(_ composition: Composition, files: OpenFiles) throws(TFTPContentError) {
        length = composition.length
        do {
            source = .composition(
                try CompositionReader(composition) { stored in
                    let file = try files.open(path: stored.path)
                    guard file.length == stored.length else {
                        throw TFTPContentError.wrongLength(
                            path: stored.path, expected: stored.length, actual: file.length)
                    }
                    return file
                })
        } catch let error as TFTPContentError {
            throw error
        } catch {
            throw TFTPContentError(error)
        }
    }

    /// Where all of it is in memory, to be sent from and not to be read; nil unless it is a whole file.
    var memory: UnsafeRawPointer? {
        switch source {
        case .file(let file): file.memory
        case .bytes, .composition: nil
        }
    }

    /// Whether a file that is sent as it is still has all its bytes. Those of a composition are looked at as they are read.
    var isWhole: Bool {
        switch source {
        case .file(let file): file.isWhole
        case .bytes, .composition: true
        }
    }

    /// Writes DATA packets, one behind the other, for `count` blocks from number `first` on, which carry the bytes in
    /// `range`. `output` has room for them. Returns how many bytes were written.
    func writePackets(
        first: UInt64, count: Int, blockSize: Int, range: Range<UInt64>, to output: UnsafeMutablePointer<UInt8>
    ) throws(TFTPContentError) -> Int {
        if let place = place(of: range) {
            let written = tftp_read_blocks(
                place.descriptor.rawValue, place.offset, Int(range.upperBound - range.lowerBound), first, UInt32(count),
                blockSize, output)
            guard written > 0 else {
                throw written == 0 ? .shortened : .unreadable(path: "content", errno: Int32(-written))
            }
            if case .composition(let reader) = source {
                do throws(SegmentError) { try reader.check(after: range) } catch { throw TFTPContentError(error) }
            }
            return written
        }
        var next = output
        var start = range.lowerBound
        for index in 0..<UInt64(count) {
            writeDataHeader(first &+ index, to: next)
            let end = min(start + UInt64(blockSize), range.upperBound)
            try read(start..<end, to: next + 4)
            next += 4 + Int(end - start)
            start = end
        }
        return next - output
    }

    /// Copies the bytes in `range` to `output`.
    func read(_ range: Range<UInt64>, to output: UnsafeMutablePointer<UInt8>) throws(TFTPContentError) {
        guard !range.isEmpty else { return }
        switch source {
        case .bytes(let bytes):
            bytes.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                output.update(from: base + Int(range.lowerBound), count: range.count)
            }
        case .composition(let reader):
            do throws(SegmentError) { try reader.read(range, to: output) } catch { throw TFTPContentError(error) }
        case .file(let file):
            try file.descriptor.fill(
                UnsafeMutableRawBufferPointer(start: output, count: range.count), from: range.lowerBound)
        }
    }

    /// Where the bytes in `range` lie in one open file; nil if they do not lie in one.
    private func place(of range: Range<UInt64>) -> (descriptor: FileDescriptor, offset: UInt64)? {
        switch source {
        case .file(let file): (file.descriptor, range.lowerBound)
        case .bytes: nil
        case .composition(let reader): reader.place(of: range)
        }
    }
}

extension TFTPContentError {
    /// Why a composition's bytes cannot be had; any other error is not one of those.
    fileprivate init(_ error: any Error) {
        self =
            switch error as? SegmentError {
            case .unreadable(let path, let errno): .unreadable(path: path, errno: errno)
            case .shortened: .shortened
            case .altered, nil: .altered
            }
    }
}

extension FileDescriptor {
    /// Fills all of `buffer` with the file's bytes from `offset` on.
    func fill(_ buffer: UnsafeMutableRawBufferPointer, from offset: UInt64) throws(TFTPContentError) {
        let count: Int
        do throws(Errno) { count = try readFully(from: offset, into: buffer) } catch {
            throw .unreadable(path: "content", errno: error.rawValue)
        }
        guard count == buffer.count else { throw .shortened }
    }
}

import CLinux
import Compositions
import Glibc

/// What one transfer sends: bytes of open files and of memory, read piece by piece and never held as a whole.
public final class TFTPContent: Sendable {
    private enum Source: Sendable {
        case file(OpenFile)
        /// A file that must stay in the state in which its content was checked.
        case stored(OpenFile, StoredFile)
        case bytes([UInt8])

        var file: OpenFile? {
            switch self {
            case .file(let file), .stored(let file, _): file
            case .bytes: nil
            }
        }
    }

    private struct Piece: Sendable {
        var range: Range<UInt64>
        var source: Source

        /// Looks at a stored file after `part` has been read, where that ends the piece or a step of it.
        func check(after part: Range<UInt64>) throws(TFTPContentError) {
            guard case .stored(let file, let stored) = source else { return }
            guard
                part.upperBound == range.upperBound
                    || part.upperBound / TFTPContent.step != part.lowerBound / TFTPContent.step,
                !stored.isIntact(in: file.descriptor)
            else { return }
            throw .altered
        }
    }

    /// How many bytes are read of a stored file between two looks at whether it is still what it was.
    private static let step: UInt64 = 4 << 20

    /// How many bytes there are.
    public let length: UInt64
    private let pieces: [Piece]

    /// The whole of `file`.
    public init(_ file: OpenFile) {
        length = file.length
        pieces = [Piece(range: 0..<file.length, source: .file(file))]
    }

    /// The bytes themselves, for what is made at the moment it is asked for.
    public init(_ bytes: [UInt8]) {
        length = UInt64(bytes.count)
        pieces = [Piece(range: 0..<UInt64(bytes.count), source: .bytes(bytes))]
    }

    /// A composition, whose files are opened now: what has been begun can be finished, whatever becomes of the names.
    public init(_ composition: Composition, files: OpenFiles) throws(TFTPContentError) {
        length = composition.length
        var pieces: [Piece] = []
        var offset: UInt64 = 0
        for segment in composition.segments {
            let range = offset..<(offset + segment.length)
            offset = range.upperBound
            switch segment {
            case .bytes(let bytes): pieces.append(Piece(range: range, source: .bytes(bytes)))
            case .file(let stored):
                let file = try files.open(path: stored.path)
                guard file.length == stored.length else {
                    throw .wrongLength(path: stored.path, expected: stored.length, actual: file.length)
                }
                guard stored.isIntact(in: file.descriptor) else { throw .altered }
                pieces.append(Piece(range: range, source: stored.identity == nil ? .file(file) : .stored(file, stored)))
            }
        }
        self.pieces = pieces
    }

    /// Where all of it is in memory, to be sent from and not to be read; nil unless it is a whole file.
    var memory: UnsafeRawPointer? {
        guard pieces.count == 1, case .file(let file) = pieces[0].source else { return nil }
        return file.memory
    }

    /// Whether its files still have all their bytes.
    var isWhole: Bool {
        pieces.allSatisfy { piece in
            if case .file(let file) = piece.source { file.isWhole } else { true }
        }
    }

    /// Writes DATA packets, one behind the other, for `count` blocks from number `first` on, which carry the bytes in
    /// `range`. `output` has room for them. Returns how many bytes were written.
    func writePackets(
        first: UInt64, count: Int, blockSize: Int, range: Range<UInt64>, to output: UnsafeMutablePointer<UInt8>
    ) throws(TFTPContentError) -> Int {
        if let piece = piece(holding: range), let file = piece.source.file {
            let offset = range.lowerBound - piece.range.lowerBound
            let written = tftp_read_blocks(
                file.descriptor, offset, Int(range.upperBound - range.lowerBound), first, UInt32(count), blockSize,
                output)
            guard written > 0 else {
                throw written == 0 ? .shortened : .unreadable(path: "content", errno: Int32(-written))
            }
            try piece.check(after: range)
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
        var next = output
        for piece in pieces[firstPiece(at: range.lowerBound)...] {
            guard piece.range.lowerBound < range.upperBound else { break }
            let part = range.clamped(to: piece.range)
            var offset = part.lowerBound - piece.range.lowerBound
            var left = Int(part.upperBound - part.lowerBound)
            switch piece.source {
            case .bytes(let bytes):
                bytes.withUnsafeBufferPointer { buffer in
                    guard let base = buffer.baseAddress, left > 0 else { return }
                    next.update(from: base + Int(offset), count: left)
                }
                next += left
            case .file(let file), .stored(let file, _):
                while left > 0 {
                    let got = pread(file.descriptor, next, left, off_t(offset))
                    if got < 0, errno == EINTR { continue }
                    guard got > 0 else {
                        throw got == 0 ? .shortened : .unreadable(path: "content", errno: errno)
                    }
                    next += got
                    offset += UInt64(got)
                    left -= got
                }
                try piece.check(after: part)
            }
        }
    }

    private func piece(holding range: Range<UInt64>) -> Piece? {
        guard !pieces.isEmpty else { return nil }
        let piece = pieces[firstPiece(at: range.lowerBound)]
        return piece.range.lowerBound <= range.lowerBound && range.upperBound <= piece.range.upperBound ? piece : nil
    }

    /// The index of the last piece that begins at or before `offset`; 0 when there are none.
    private func firstPiece(at offset: UInt64) -> Int {
        var low = 0
        var high = pieces.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if pieces[middle].range.lowerBound <= offset { low = middle } else { high = middle }
        }
        return low
    }
}

import CZlib

/// A stream of zlib at a fixed address, since its state points back at it.
final class ZlibStream {
    let pointer: UnsafeMutablePointer<z_stream>
    /// zlib counts in 32 bits.
    static let largestPiece = 1 << 30

    init() {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: z_stream())
    }

    deinit { pointer.deallocate() }

    /// Runs `code` once over at most a piece of `input`.
    func run(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer,
        _ code: (UnsafeMutablePointer<z_stream>) -> Int32
    ) -> (result: Int32, consumed: Int, produced: Int) {
        let available = min(input.count, Self.largestPiece)
        // zlib does not write to its input, though its type says that it might.
        pointer.pointee.next_in = UnsafeMutablePointer(
            mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
        pointer.pointee.avail_in = UInt32(available)
        pointer.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        pointer.pointee.avail_out = UInt32(output.count)
        let result = code(pointer)
        return (
            result, available - Int(pointer.pointee.avail_in), output.count - Int(pointer.pointee.avail_out)
        )
    }
}

final class GzipDecoder: Codec {
    private let stream = ZlibStream()
    private var state = State.start

    private enum State {
        /// Nothing seen yet.
        case start
        /// Inside a member.
        case member
        /// After a member: another one may follow, or zeros, or nothing.
        case between
        /// In the zeros that tapes and disks leave after the last member.
        case padding
    }

    init() throws(CompressionError) {
        // 15 bits of window, and 16 for "gzip only".
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream.pointer, 15 + 16, ZLIB_VERSION, size) == Z_OK else {
            throw .memoryLimitExceeded(.gzip)
        }
    }

    deinit { inflateEnd(stream.pointer) }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, ending: Bool
    ) throws(CompressionError) -> Progress {
        if state == .between, let first = input.first {
            state = first == 0 ? .padding : .member
            if state == .member { inflateReset(stream.pointer) }
        }
        if state == .padding {
            guard input.allSatisfy({ $0 == 0 }) else {
                throw .corrupt(.gzip, reason: "something that is not a gzip member follows the last one")
            }
            return Progress(consumed: input.count, produced: 0, complete: true)
        }
        if input.isEmpty && state != .member {
            return Progress(consumed: 0, produced: 0, complete: state == .between)
        }
        state = .member
        let (result, consumed, produced) = stream.run(input, output) { inflate($0, Z_NO_FLUSH) }
        switch result {
        // No progress: more input or the end is to come.
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: state = .between
        case Z_MEM_ERROR: throw .memoryLimitExceeded(.gzip)
        default:
            let reason = stream.pointer.pointee.msg.map { String(cString: $0) } ?? "zlib says \(result)"
            throw .corrupt(.gzip, reason: reason)
        }
        return Progress(consumed: consumed, produced: produced, complete: state == .between)
    }
}

final class GzipEncoder: Codec {
    private let stream = ZlibStream()

    init(level: Int32) throws(CompressionError) {
        guard (0...9).contains(level) else {
            throw .invalidSettings(.gzip, reason: "the level is \(level), and levels go from 0 to 9")
        }
        // With no header of its own set, zlib writes time 0 and no name.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard
            deflateInit2_(stream.pointer, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
        else { throw .memoryLimitExceeded(.gzip) }
    }

    deinit { deflateEnd(stream.pointer) }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, ending: Bool
    ) throws(CompressionError) -> Progress {
        let (result, consumed, produced) = stream.run(input, output) {
            deflate($0, ending && input.count <= ZlibStream.largestPiece ? Z_FINISH : Z_NO_FLUSH)
        }
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
            throw .invalidSettings(.gzip, reason: "zlib says \(result)")
        }
        return Progress(consumed: consumed, produced: produced, complete: result == Z_STREAM_END)
    }
}

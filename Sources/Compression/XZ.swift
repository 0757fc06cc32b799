import CLZMA

/// A stream of liblzma at a fixed address, since its state points back at it.
final class LZMAStream {
    let pointer: UnsafeMutablePointer<lzma_stream>

    init() {
        pointer = .allocate(capacity: 1)
        // LZMA_STREAM_INIT, which does not reach Swift, is all zeros.
        pointer.initialize(to: lzma_stream())
    }

    deinit {
        lzma_end(pointer)
        pointer.deallocate()
    }

    /// Runs the coder once; the answer is liblzma's.
    func run(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, ending: Bool
    ) -> (result: lzma_ret, consumed: Int, produced: Int) {
        pointer.pointee.next_in = input.assumingMemoryBound(to: UInt8.self).baseAddress
        pointer.pointee.avail_in = input.count
        pointer.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        pointer.pointee.avail_out = output.count
        let result = lzma_code(pointer, ending ? LZMA_FINISH : LZMA_RUN)
        return (result, input.count - pointer.pointee.avail_in, output.count - pointer.pointee.avail_out)
    }
}

final class XZDecoder: Codec {
    private let stream = LZMAStream()
    private var complete = false
    /// More than any preset of xz needs (65 MiB), and little enough to run several.
    private static let memoryLimit: UInt64 = 256 << 20
    /// LZMA_CONCATENATED, a macro that Swift does not import.
    private static let concatenated: UInt32 = 0x08

    init() throws(CompressionError) {
        guard lzma_stream_decoder(stream.pointer, Self.memoryLimit, Self.concatenated) == LZMA_OK else {
            throw .memoryLimitExceeded(.xz)
        }
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, ending: Bool
    ) throws(CompressionError) -> Progress {
        if complete || (input.isEmpty && !ending) { return Progress(consumed: 0, produced: 0, complete: complete) }
        let (result, consumed, produced) = stream.run(input, output, ending: ending)
        switch result {
        case LZMA_OK: break
        case LZMA_STREAM_END: complete = true
        // No room and no input: not an error by itself; that the end is missing is told by `complete`.
        case LZMA_BUF_ERROR: if ending { throw .truncated(.xz) }
        case LZMA_MEM_ERROR, LZMA_MEMLIMIT_ERROR: throw .memoryLimitExceeded(.xz)
        case LZMA_FORMAT_ERROR: throw .corrupt(.xz, reason: "it does not begin as xz data does")
        case LZMA_OPTIONS_ERROR: throw .corrupt(.xz, reason: "it uses options that are not supported")
        default: throw .corrupt(.xz, reason: "liblzma says \(result.rawValue)")
        }
        return Progress(consumed: consumed, produced: produced, complete: complete)
    }
}

final class XZEncoder: Codec {
    private let stream = LZMAStream()

    init(preset: UInt32, extreme: Bool, check: XZCheck, dictionarySize: UInt32?) throws(CompressionError) {
        var chain = try LZMAFilters(preset: preset, extreme: extreme, dictionarySize: dictionarySize)
        let result = chain.withFilters {
            lzma_stream_encoder(stream.pointer, $0, lzma_check(rawValue: check.rawValue))
        }
        guard result == LZMA_OK else {
            throw .invalidSettings(.xz, reason: "liblzma says \(result.rawValue)")
        }
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, ending: Bool
    ) throws(CompressionError) -> Progress {
        let (result, consumed, produced) = stream.run(input, output, ending: ending)
        guard result == LZMA_OK || result == LZMA_STREAM_END else {
            throw .invalidSettings(.xz, reason: "liblzma says \(result.rawValue)")
        }
        return Progress(consumed: consumed, produced: produced, complete: result == LZMA_STREAM_END)
    }
}

/// The one filter of an xz stream, LZMA2, with its options.
struct LZMAFilters {
    private var options = lzma_options_lzma()

    init(preset: UInt32, extreme: Bool, dictionarySize: UInt32?) throws(CompressionError) {
        guard preset <= 9 else {
            throw .invalidSettings(.xz, reason: "the preset is \(preset), and presets go from 0 to 9")
        }
        // LZMA_PRESET_EXTREME is bit 31.
        guard lzma_lzma_preset(&options, preset | (extreme ? 1 << 31 : 0)) == 0 else {
            throw .invalidSettings(.xz, reason: "liblzma has no preset \(preset)")
        }
        if let dictionarySize { options.dict_size = dictionarySize }
    }

    /// Lends the chain to `body`, which must not keep it: liblzma copies the options while it sets an encoder up.
    mutating func withFilters(_ body: (UnsafeMutablePointer<lzma_filter>) -> lzma_ret) -> lzma_ret {
        withUnsafeMutablePointer(to: &options) { options in
            // LZMA_FILTER_LZMA2 and LZMA_VLI_UNKNOWN, macros that Swift does not import.
            var filters = [
                lzma_filter(id: 0x21, options: UnsafeMutableRawPointer(options)), lzma_filter(id: .max, options: nil),
            ]
            return filters.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return LZMA_PROG_ERROR }
                return body(start)
            }
        }
    }
}

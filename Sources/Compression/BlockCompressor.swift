import CLZMA
import CZstd

/// Compresses blocks each on its own, keeping the compressor's memory from one to the next. For file systems, where a
/// block is read alone.
public final class BlockCompressor {
    private let settings: CompressionSettings
    private let zstd: OpaquePointer?
    private var output: [UInt8] = []

    /// A compressor for blocks. gzip has no blocks worth the name here and is refused.
    public init(_ settings: CompressionSettings) throws(CompressionError) {
        self.settings = settings
        switch settings {
        case .zstd(let level, let checksum):
            guard (1...19).contains(level) else {
                throw .invalidSettings(.zstd, reason: "the level is \(level), and levels go from 1 to 19")
            }
            guard let context = ZSTD_createCCtx() else { throw .memoryLimitExceeded(.zstd) }
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
            ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0)
            zstd = context
        case .xz:
            zstd = nil
        case .gzip:
            throw .invalidSettings(.gzip, reason: "blocks are compressed with zstd or xz")
        }
    }

    deinit { ZSTD_freeCCtx(zstd) }

    /// `block` compressed, or nil if that would not be shorter.
    public func compress(_ block: [UInt8]) throws(CompressionError) -> [UInt8]? {
        guard block.count > 1 else { return nil }
        if output.count < block.count { output = [UInt8](repeating: 0, count: block.count) }
        let room = block.count - 1
        switch settings {
        case .zstd:
            let result = ZSTD_compress2(zstd, &output, room, block, block.count)
            if ZSTD_isError(result) != 0 {
                if ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall { return nil }
                throw .invalidSettings(.zstd, reason: String(cString: ZSTD_getErrorName(result)))
            }
            return Array(output.prefix(result))
        case .xz(let preset, let extreme, let check, let dictionarySize):
            var chain = try LZMAFilters(preset: preset, extreme: extreme, dictionarySize: dictionarySize)
            var produced = 0
            let result = chain.withFilters {
                lzma_stream_buffer_encode(
                    $0, lzma_check(rawValue: check.rawValue), nil, block, block.count, &output, &produced, room)
            }
            if result == LZMA_BUF_ERROR { return nil }
            guard result == LZMA_OK else { throw .invalidSettings(.xz, reason: "liblzma says \(result.rawValue)") }
            return Array(output.prefix(produced))
        case .gzip:
            return nil
        }
    }
}

import CZstd

final class ZstdDecoder: Codec {
    private let context: OpaquePointer
    // A decoder that has seen nothing is not at the end of a frame: empty input is no zstd file.
    private var atFrameEnd = false

    init() throws(CompressionError) {
        guard let context = ZSTD_createDCtx() else { throw .memoryLimitExceeded(.zstd) }
        self.context = context
        // 128 MiB: what the zstd program and the Linux kernel accept without being asked.
        try check(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27))
    }

    deinit { ZSTD_freeDCtx(context) }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, ending: Bool
    ) throws(CompressionError) -> Progress {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        // Once a frame has ended, a call without input would begin to wait for another one.
        if atFrameEnd, input.isEmpty { return Progress(consumed: 0, produced: 0, complete: true) }
        while source.pos < source.size || target.pos == 0 {
            let before = (source.pos, target.pos)
            atFrameEnd = try check(ZSTD_decompressStream(context, &target, &source)) == 0
            if target.pos == target.size || before == (source.pos, target.pos) { break }
            if atFrameEnd, source.pos == source.size { break }
        }
        return Progress(consumed: source.pos, produced: target.pos, complete: atFrameEnd)
    }

    @discardableResult
    private func check(_ result: Int) throws(CompressionError) -> Int {
        guard ZSTD_isError(result) != 0 else { return result }
        switch ZSTD_getErrorCode(result) {
        case ZSTD_error_frameParameter_windowTooLarge, ZSTD_error_memory_allocation: throw .memoryLimitExceeded(.zstd)
        default: throw .corrupt(.zstd, reason: String(cString: ZSTD_getErrorName(result)))
        }
    }
}

final class ZstdEncoder: Codec {
    private let context: OpaquePointer

    init(level: Int32, checksum: Bool, contentLength: UInt64?) throws(CompressionError) {
        guard let context = ZSTD_createCCtx() else { throw .memoryLimitExceeded(.zstd) }
        self.context = context
        guard (1...19).contains(level) else {
            throw .invalidSettings(.zstd, reason: "the level is \(level), and levels go from 1 to 19")
        }
        try check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level))
        try check(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0))
        if let contentLength { try check(ZSTD_CCtx_setPledgedSrcSize(context, contentLength)) }
    }

    deinit { ZSTD_freeCCtx(context) }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, ending: Bool
    ) throws(CompressionError) -> Progress {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let left = try check(
            ZSTD_compressStream2(context, &target, &source, ending ? ZSTD_e_end : ZSTD_e_continue))
        return Progress(consumed: source.pos, produced: target.pos, complete: left == 0)
    }

    @discardableResult
    private func check(_ result: Int) throws(CompressionError) -> Int {
        guard ZSTD_isError(result) != 0 else { return result }
        throw .invalidSettings(.zstd, reason: String(cString: ZSTD_getErrorName(result)))
    }
}

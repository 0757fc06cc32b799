/// Decompresses a stream as it comes by, within a limit on its output.
///
/// Frames, streams and members that follow one another give their contents one after the other, as the formats' own
/// programs do. Anything else after the end of one is an error, except zeros after gzip members and xz streams.
public final class Decompressor {
    private let format: CompressionFormat
    private let outputLimit: UInt64
    private let codec: any Codec
    private let buffer = OutputBuffer()
    private var produced: UInt64 = 0
    private var complete = false
    private var ended = false

    /// A decompressor that refuses to give more than `outputLimit` bytes, because a small file can unpack to terabytes.
    public init(_ format: CompressionFormat, outputLimit: UInt64) throws(CompressionError) {
        self.format = format
        self.outputLimit = outputLimit
        codec =
            switch format {
            case .gzip: try GzipDecoder()
            case .zstd: try ZstdDecoder()
            case .xz: try XZDecoder()
            }
    }

    /// How many bytes have been given so far.
    public var outputCount: UInt64 { produced }

    /// Takes the next `input` and hands what it unpacks to to `sink`, in pieces that are valid during the call only.
    ///
    /// - Throws: `CompressionError`, or what `sink` throws; the decompressor is of no use afterwards.
    public func write(_ input: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        try run(input, ending: false, to: sink)
    }

    /// Says that no input follows.
    ///
    /// - Throws: `CompressionError.truncated` if the input ended too early.
    public func finish(to sink: (UnsafeRawBufferPointer) throws -> Void = { _ in }) throws {
        try run(UnsafeRawBufferPointer(start: nil, count: 0), ending: true, to: sink)
        guard complete else { throw CompressionError.truncated(format) }
    }

    private func run(
        _ input: UnsafeRawBufferPointer, ending: Bool, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard !ended else { throw CompressionError.finished(format) }
        // Cleared again below unless something is thrown on the way.
        ended = true
        var rest = input
        while true {
            let progress = try codec.step(rest, buffer.memory, ending: ending)
            complete = progress.complete
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(progress.consumed))
            if progress.produced > 0 {
                guard UInt64(progress.produced) <= outputLimit - produced else {
                    throw CompressionError.outputLimitExceeded(format, limit: outputLimit)
                }
                produced += UInt64(progress.produced)
                try sink(UnsafeRawBufferPointer(rebasing: buffer.memory.prefix(progress.produced)))
            }
            // A full buffer means that there may be more to give without any more input.
            if rest.isEmpty, progress.produced < buffer.memory.count { break }
            if progress.consumed == 0, progress.produced == 0 {
                throw CompressionError.corrupt(format, reason: "it makes no progress")
            }
        }
        ended = ending
    }
}

/// The contents of `bytes`, which are compressed in `format`, if they are no longer than `outputLimit`.
public func decompress(
    _ bytes: [UInt8], format: CompressionFormat, outputLimit: UInt64
) throws(CompressionError) -> [UInt8] {
    let decompressor = try Decompressor(format, outputLimit: outputLimit)
    var result: [UInt8] = []
    do {
        try bytes.withUnsafeBytes { try decompressor.write($0) { result.append(contentsOf: $0) } }
        try decompressor.finish { result.append(contentsOf: $0) }
    } catch let error as CompressionError {
        throw error
    } catch {
        throw .corrupt(format, reason: "\(error)")
    }
    return result
}

/// Compresses a stream as it comes by into one frame, stream or member. Equal input and settings give equal output;
/// except for gzip at level 0, it does not matter how the caller cuts the input into pieces.
public final class Compressor {
    private let format: CompressionFormat
    private let codec: any Codec
    private let buffer = OutputBuffer()
    private var ended = false

    /// A compressor for one frame, stream or member.
    ///
    /// - Parameter contentLength: the length of the input if it is known: zstd then writes it into the frame's header and
    ///   refuses any other length. The other formats have no use for it.
    public init(_ settings: CompressionSettings, contentLength: UInt64? = nil) throws(CompressionError) {
        format = settings.format
        codec =
            switch settings {
            case .gzip(let level): try GzipEncoder(level: level)
            case .zstd(let level, let checksum):
                try ZstdEncoder(level: level, checksum: checksum, contentLength: contentLength)
            case .xz(let preset, let extreme, let check, let dictionarySize):
                try XZEncoder(preset: preset, extreme: extreme, check: check, dictionarySize: dictionarySize)
            }
    }

    /// Takes the next `input` and hands what is ready of the output to `sink`, in pieces that are valid during the call
    /// only.
    public func write(_ input: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        try run(input, ending: false, to: sink)
    }

    /// Takes the next `input`.
    public func write(_ input: [UInt8], to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        try input.withUnsafeBytes { try write($0, to: sink) }
    }

    /// Says that no input follows, and hands over the rest of the output.
    public func finish(to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        try run(UnsafeRawBufferPointer(start: nil, count: 0), ending: true, to: sink)
    }

    private func run(
        _ input: UnsafeRawBufferPointer, ending: Bool, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard !ended else { throw CompressionError.finished(format) }
        ended = true
        var rest = input
        while ending || !rest.isEmpty {
            let progress = try codec.step(rest, buffer.memory, ending: ending)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(progress.consumed))
            if progress.produced > 0 {
                try sink(UnsafeRawBufferPointer(rebasing: buffer.memory.prefix(progress.produced)))
            }
            if ending, progress.complete { break }
        }
        ended = ending
    }
}

/// `bytes` compressed.
public func compress(_ bytes: [UInt8], _ settings: CompressionSettings) throws(CompressionError) -> [UInt8] {
    let compressor = try Compressor(settings, contentLength: UInt64(bytes.count))
    var result: [UInt8] = []
    do {
        try compressor.write(bytes) { result.append(contentsOf: $0) }
        try compressor.finish { result.append(contentsOf: $0) }
    } catch let error as CompressionError {
        throw error
    } catch {
        throw .invalidSettings(settings.format, reason: "\(error)")
    }
    return result
}

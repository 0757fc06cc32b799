import CodecTesting
import Compression
import FolderTesting
import Foundation
import Testing

/// Text that compresses, with enough variety that it is no single match.
private func sample(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    while bytes.count < count {
        bytes += Array("line \(UInt16.random(in: 0...999, using: &generator)) of the sample\n".utf8)
    }
    return Array(bytes.prefix(count))
}

/// Runs a program from the PATH on `input`.
private func run(_ program: String, _ arguments: [String], _ input: [UInt8]) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try folder.write("in", input)
    return try folder.run(program, arguments, input: "in")
}

private let settings: [CompressionSettings] = [
    .zstd(level: 1), .zstd(level: 19, checksum: true), .xz(preset: 0, extreme: true), .xz(preset: 6, check: .crc64),
    .xz(preset: 2, check: .none, dictionarySize: 131072), .gzip(), .gzip(level: 0),
]

@Test(arguments: settings, [0, 1, 131072, 400_000])
func whatIsCompressedComesBack(settings: CompressionSettings, count: Int) throws {
    let bytes = sample(count)
    let compressed = try compress(bytes, settings)
    #expect(CompressionFormat(sniffing: compressed) == settings.format)
    #expect(try decompress(compressed, format: settings.format, outputLimit: UInt64(count)) == bytes)
}

@Test(arguments: settings)
func theProgramsReadWhatWeWrite(settings: CompressionSettings) throws {
    let bytes = sample(300_000)
    let compressed = try compress(bytes, settings)
    #expect(try run(settings.format.rawValue, ["-d", "-c"], compressed) == bytes)
}

@Test(arguments: CompressionFormat.allCases)
func weReadWhatTheProgramsWrite(format: CompressionFormat) throws {
    let bytes = sample(300_000)
    // Twice, since members, frames and streams concatenate.
    let compressed = try run(format.rawValue, ["-c"], bytes) + run(format.rawValue, ["-c"], bytes)
    #expect(try decompress(compressed, format: format, outputLimit: 600_000) == bytes + bytes)
}

@Test func xzWritesTheCheckTheKernelReads() throws {
    let compressed = try compress(sample(1000), .xz(preset: 0, extreme: true))
    // The last byte of the stream flags names the check (The .xz File Format §2.1.1.2).
    #expect(compressed[7] == 0x01)
}

@Test func gzipHeaderHasNoTimeAndNoName() throws {
    #expect(Array(try compress([1, 2, 3], .gzip()).prefix(10)) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])
}

@Test(arguments: settings.dropLast())
func theCutOfTheInputDoesNotShow(settings: CompressionSettings) throws {
    let bytes = sample(300_000)
    var results: [[UInt8]] = []
    for piece in [bytes.count, 1000, 131072] {
        let compressor = try Compressor(settings)
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            let slice = Array(bytes[start..<min(start + piece, bytes.count)])
            try compressor.write(slice) { result.append(contentsOf: $0) }
        }
        try compressor.finish { result.append(contentsOf: $0) }
        results.append(result)
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
}

@Test(arguments: settings)
func inputMayDrip(settings: CompressionSettings) throws {
    let bytes = sample(5000)
    let compressed = try compress(bytes, settings) + compress(bytes, settings)
    let decompressor = try Decompressor(settings.format, outputLimit: 10_000)
    var result: [UInt8] = []
    for byte in compressed {
        try withUnsafeBytes(of: byte) { try decompressor.write($0) { result.append(contentsOf: $0) } }
    }
    try decompressor.finish { result.append(contentsOf: $0) }
    #expect(result == bytes + bytes)
}

@Test(arguments: settings)
func bombsStopAtTheLimit(settings: CompressionSettings) throws {
    let compressed = try compress([UInt8](repeating: 0, count: 10_000_000), settings)
    #expect(throws: CompressionError.outputLimitExceeded(settings.format, limit: 9_999_999)) {
        try decompress(compressed, format: settings.format, outputLimit: 9_999_999)
    }
}

@Test(arguments: settings)
func everyTruncationIsAnError(settings: CompressionSettings) throws {
    let compressed = try compress(sample(3000), settings)
    for length in 0..<compressed.count {
        #expect(throws: CompressionError.self) {
            try decompress(Array(compressed.prefix(length)), format: settings.format, outputLimit: 3000)
        }
    }
}

@Test(arguments: settings)
func damageNeverTraps(settings: CompressionSettings) throws {
    let accepted = exerciseDecoder(on: try compress(sample(2000), settings), mutations: 500) {
        _ = try decompress(Array($0), format: settings.format, outputLimit: 1 << 20)
    }
    #expect(accepted >= 1)
}

@Test(arguments: CompressionFormat.allCases)
func whatFollowsTheEndIsAnError(format: CompressionFormat) throws {
    let bytes = try run(format.rawValue, ["-c"], sample(100))
    #expect(throws: CompressionError.self) {
        try decompress(bytes + Array("junk".utf8), format: format, outputLimit: 1000)
    }
}

@Test func zerosAfterAGzipMemberAreTape() throws {
    let bytes = try compress([1, 2, 3], .gzip()) + [UInt8](repeating: 0, count: 512)
    #expect(try decompress(bytes, format: .gzip, outputLimit: 3) == [1, 2, 3])
}

@Test func settingsOutsideOfTheFormatsAreNamed() {
    #expect(throws: CompressionError.self) { try Compressor(.zstd(level: 40)) }
    #expect(throws: CompressionError.self) { try Compressor(.xz(preset: 10)) }
    #expect(throws: CompressionError.self) { try Compressor(.gzip(level: 10)) }
    #expect(throws: CompressionError.self) { try Compressor(.xz(preset: 0, dictionarySize: 1)) }
}

@Test func aFrameKnowsItsLength() throws {
    let compressor = try Compressor(.zstd(level: 1), contentLength: 4)
    try compressor.write([1, 2, 3]) { _ in }
    #expect(throws: CompressionError.self) { try compressor.finish { _ in } }
    #expect(throws: CompressionError.finished(.zstd)) { try compressor.write([1]) { _ in } }
}

@Test(arguments: settings.dropLast(2), [2, 1000, 131072])
func blocksAreShorterOrNil(settings: CompressionSettings, count: Int) throws {
    let compressor = try BlockCompressor(settings)
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<3 {
        #expect(try compressor.compress((0..<count).map { _ in .random(in: .min ... .max, using: &generator) }) == nil)
        let block = sample(count)
        if let compressed = try compressor.compress(block) {
            #expect(compressed.count < count)
            #expect(try decompress(compressed, format: settings.format, outputLimit: UInt64(count)) == block)
        } else {
            #expect(count < 1000)
        }
    }
}

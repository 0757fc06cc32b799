import Compression
import FolderTesting
import Foundation
import Testing

/// Frames of stored blocks, read by the libraries and by the programs.
@Suite struct StoredFramingTests {
    private static let framings: [(StoredFraming, CompressionFormat)] = [(.zstd, .zstd), (.xz, .xz)]
    private static let lengths = [
        0, 1, 3, 4, 5, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, (128 << 10) - 1, 128 << 10, (128 << 10) + 1, 256 << 10,
        700_001,
    ]

    private func noise(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 2_654_435_761) >> 13) }
    }

    private func run(_ framing: StoredFraming, _ content: [UInt8], piece: Int) -> [UInt8] {
        let run = StoredRun(framing, length: UInt64(content.count))
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: content.count, by: piece) {
            content[start..<min(start + piece, content.count)].withUnsafeBytes { run.write($0) { bytes += $0 } }
        }
        run.finish { bytes += $0 }
        return bytes
    }

    @Test(arguments: framings)
    func whatIsFramedComesBack(framing: StoredFraming, format: CompressionFormat) throws {
        for length in Self.lengths {
            let content = noise(length)
            let run = run(framing, content, piece: 10_007)
            #expect(UInt64(run.count) == framing.runLength(UInt64(length)), "\(length)")
            // How the content comes makes no difference.
            #expect(run == self.run(framing, content, piece: 1 << 20), "\(length)")
            for head in [[], [7], noise(120), noise(200_000)] {
                let frame =
                    framing.opening(head) + run + framing.closing(head: head.count, UInt64(length))
                #expect(try decompress(frame, format: format, outputLimit: 1 << 24) == head + content, "\(length)")
            }
        }
    }

    @Test(arguments: framings)
    func programsTakeFramesOneBehindTheOther(framing: StoredFraming, format: CompressionFormat) throws {
        let content = noise(300_000)
        let frame =
            framing.opening(noise(120)) + run(framing, content, piece: 4096) + framing.closing(head: 120, 300_000)
        let folder = try TemporaryFolder()
        try folder.write("frames", frame + frame)
        let once = noise(120) + content
        #expect(try folder.run("\(format)", ["-dc"], input: "frames") == once + once)
    }

    /// The run has the length that was announced, whatever comes.
    @Test(arguments: framings)
    func theLengthIsKept(framing: StoredFraming, format: CompressionFormat) throws {
        for given in [0, 10, 200_000] {
            let run = StoredRun(framing, length: 100_000)
            var bytes: [UInt8] = []
            noise(given).withUnsafeBytes { run.write($0) { bytes += $0 } }
            run.finish { bytes += $0 }
            let frame = framing.opening([1]) + bytes + framing.closing(head: 1, 100_000)
            let expected = [1] + (noise(given) + [UInt8](repeating: 0, count: 100_000)).prefix(100_000)
            #expect(try decompress(frame, format: format, outputLimit: 1 << 24) == expected)
        }
    }
}

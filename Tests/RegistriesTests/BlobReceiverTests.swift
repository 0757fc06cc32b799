import Compression
import Digests
import NIOCore
import OCIModel
import Synchronization
import Testing

@testable import Registries

/// Keeps what it is given, and sees to it that it is given in order.
private final class Sink: BlobSink {
    private let state = Mutex<[UInt8]>([])
    var bytes: [UInt8] { state.withLock { $0 } }

    func begin(at offset: UInt64) async throws {
        state.withLock { bytes in
            #expect(offset == 0 || offset == bytes.count)
            if offset == 0 { bytes = [] }
        }
    }

    func write(_ buffer: ByteBuffer) async throws { state.withLock { $0 += buffer.readableBytesView } }
}

@Suite struct BlobReceiverTests {
    static let content = Array(String(repeating: "0123456789", count: 1000).utf8)
    static let descriptor = Descriptor(
        mediaType: .layer, digest: Digest.of(content), size: UInt64(content.count))
    static let one = try? RegistryHost(parsing: "one.example")
    static let other = try? RegistryHost(parsing: "other.example")

    static func gzip(_ bytes: [UInt8]) throws -> [UInt8] { try compress(bytes, .gzip()) }

    private let sink = Sink()

    private func give(_ bytes: some Collection<UInt8>, to receiver: BlobReceiver) async throws {
        for start in stride(from: 0, to: bytes.count, by: 700) {
            try await receiver.take(ByteBuffer(bytes: bytes.dropFirst(start).prefix(700)), request: "reg")
        }
        try receiver.finish(request: "reg")
    }

    private func failure(_ body: () async throws -> Void) async throws -> RegistryError.Code {
        try await #require(throws: RegistryError.self) { try await body() }.code
    }

    @Test func whatBreaksOffGoesOn() async throws {
        let (one, other) = (try #require(Self.one), try #require(Self.other))
        let receiver = BlobReceiver(Self.descriptor, into: sink, after: nil)
        try await receiver.startOver(from: one, encoding: nil, length: nil)
        #expect(try await failure { try await give(Self.content.prefix(4000), to: receiver) } == .brokenAnswer)
        #expect(receiver.received == 4000)
        try await receiver.goOn(from: other)
        try await give(Self.content.dropFirst(4000), to: receiver)
        #expect(sink.bytes == Self.content)
    }

    @Test func aBeginningFromBeforeCounts() async throws {
        var hasher = SHA256Hasher()
        hasher.update(Self.content.prefix(10))
        try await sink.write(ByteBuffer(bytes: Self.content.prefix(10)))
        let receiver = BlobReceiver(Self.descriptor, into: sink, after: BlobPrefix(length: 10, hasher: hasher))
        try await receiver.goOn(from: #require(Self.one))
        try await give(Self.content.dropFirst(10), to: receiver)
        #expect(sink.bytes == Self.content)
    }

    /// Who is to blame cannot be told as long as several had a part in it.
    @Test func aWrongBeginningIsThrownAway() async throws {
        var hasher = SHA256Hasher()
        hasher.update([UInt8](repeating: 7, count: 10))
        try await sink.write(ByteBuffer(repeating: 7, count: 10))
        let receiver = BlobReceiver(Self.descriptor, into: sink, after: BlobPrefix(length: 10, hasher: hasher))
        let one = try #require(Self.one)
        try await receiver.goOn(from: one)
        #expect(try await failure { try await give(Self.content.dropFirst(10), to: receiver) } == .brokenAnswer)
        #expect(receiver.received == 0)
        try await receiver.startOver(from: one, encoding: nil, length: nil)
        try await give(Self.content, to: receiver)
        #expect(sink.bytes == Self.content)
        // One that is longer than the blob is none of it.
        let long = BlobReceiver(Self.descriptor, into: sink, after: BlobPrefix(length: 20_000, hasher: SHA256Hasher()))
        #expect(long.received == 0)
    }

    @Test func wrongBytesAreWrong() async throws {
        let one = try #require(Self.one)
        let receiver = BlobReceiver(Self.descriptor, into: sink, after: nil)
        try await receiver.startOver(from: one, encoding: nil, length: nil)
        #expect(try await failure { try await give(Self.content.reversed(), to: receiver) } == .wrongContent)
        try await receiver.startOver(from: one, encoding: nil, length: nil)
        #expect(try await failure { try await give(Self.content + [0], to: receiver) } == .wrongContent)
        #expect(receiver.received == 0)
    }

    @Test func whatWasCompressedOnTheWayIsUnpacked() async throws {
        let receiver = BlobReceiver(Self.descriptor, into: sink, after: nil)
        try await receiver.startOver(from: #require(Self.one), encoding: "gzip", length: nil)
        try await give(Self.gzip(Self.content), to: receiver)
        #expect(sink.bytes == Self.content)
    }

    @Test func aLabelThatDescribesTheBlobItselfIsSeen() async throws {
        let packed = try Self.gzip(Self.content)
        let descriptor = Descriptor(mediaType: .gzipLayer, digest: Digest.of(packed), size: UInt64(packed.count))
        let one = try #require(Self.one)
        let receiver = BlobReceiver(descriptor, into: sink, after: nil)
        try await receiver.startOver(from: one, encoding: "x-gzip", length: descriptor.size)
        try await give(packed, to: receiver)
        #expect(sink.bytes == packed)
        // Without a length it turns out on the second try.
        let second = BlobReceiver(descriptor, into: sink, after: nil)
        try await second.startOver(from: one, encoding: "gzip", length: nil)
        #expect(try await failure { try await give(packed, to: second) } == .brokenAnswer)
        try await second.startOver(from: one, encoding: "gzip", length: nil)
        try await give(packed, to: second)
        #expect(sink.bytes == packed)
        // And there is no third one.
        let third = BlobReceiver(descriptor, into: sink, after: nil)
        for code in [RegistryError.Code.brokenAnswer, .wrongContent] {
            try await third.startOver(from: one, encoding: "gzip", length: nil)
            #expect(try await failure { try await give(packed.reversed(), to: third) } == code)
        }
    }

    @Test func aBombStopsAtTheBlobsLength() async throws {
        let receiver = BlobReceiver(Self.descriptor, into: sink, after: nil)
        try await receiver.startOver(from: #require(Self.one), encoding: "gzip", length: nil)
        let bomb = try Self.gzip([UInt8](repeating: 0, count: 50_000_000))
        #expect(try await failure { try await give(bomb, to: receiver) } == .brokenAnswer)
        #expect(sink.bytes.count <= Self.content.count)
    }
}

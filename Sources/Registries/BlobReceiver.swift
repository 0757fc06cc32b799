import Compression
import Digests
import NIOCore
import OCIModel

/// One blob on its way into a sink: how much of it is there, and whether it can still become what it has to be.
///
/// It is used by one task, through all attempts and places.
final class BlobReceiver {
    private let descriptor: Descriptor
    private let sink: any BlobSink
    private var hasher: SHA256Hasher
    /// How many bytes are in the sink.
    private(set) var received: UInt64
    /// Where these came from: one place, or several.
    private var sources: Set<RegistryHost> = []
    private var isFromBefore: Bool
    private var unpacking: Decompressor?
    /// Whether the answer says that it is compressed for the way.
    private var isLabelled = false
    /// Whether a labelled answer is unpacked next time, when the other way was tried in vain.
    private var unpacksNext: Bool?
    /// How many bytes came over the line, whatever became of them.
    private(set) var transferred: UInt64 = 0

    init(_ descriptor: Descriptor, into sink: any BlobSink, after prefix: consuming BlobPrefix?) {
        self.descriptor = descriptor
        self.sink = sink
        if let prefix = prefix, prefix.length <= descriptor.size {
            received = prefix.length
            isFromBefore = prefix.length > 0
            hasher = prefix.taken()
        } else {
            received = 0
            isFromBefore = false
            hasher = SHA256Hasher()
        }
    }

    /// Whether all bytes are there.
    var isComplete: Bool { received == descriptor.size }

    /// What comes next is the rest.
    func goOn(from source: RegistryHost) async throws {
        unpacking = nil
        isLabelled = false
        sources.insert(source)
        try await sink.begin(at: received)
    }

    /// What comes next is the whole, compressed or not.
    ///
    /// Some servers compress on the way, others say so of what they never touched: length and digest tell them apart.
    func startOver(from source: RegistryHost, encoding: String?, length: UInt64?) async throws {
        forget()
        sources = [source]
        isLabelled = encoding == "gzip" || encoding == "x-gzip"
        if isLabelled, unpacksNext ?? (length != descriptor.size) {
            unpacking = try Decompressor(.gzip, outputLimit: descriptor.size)
        }
        try await sink.begin(at: 0)
    }

    /// Takes what came over the line.
    ///
    /// - Throws: `RegistryError`, where that is more than there is; what the sink throws.
    func take(_ buffer: ByteBuffer, request: String) async throws {
        transferred += UInt64(buffer.readableBytes)
        guard let unpacking else { return try await store(buffer, request: request) }
        // A little at a time, for a little may unpack to a thousand times as much.
        for start in stride(from: buffer.readerIndex, to: buffer.writerIndex, by: 1024) {
            let count = min(1024, buffer.writerIndex - start)
            guard let piece = buffer.getSlice(at: start, length: count) else { return }
            var unpacked = ByteBuffer()
            do {
                try piece.withUnsafeReadableBytes { bytes in
                    try unpacking.write(bytes) { unpacked.writeBytes($0) }
                }
            } catch let error as CompressionError { throw unpackingFault(error, request: request) }
            try await store(unpacked, request: request)
        }
    }

    private func store(_ buffer: ByteBuffer, request: String) async throws {
        guard buffer.readableBytes > 0 else { return }
        guard UInt64(buffer.readableBytes) <= descriptor.size - received else {
            let size = descriptor.size
            throw mismatch("has more than the \(size) bytes of the blob", request: request)
        }
        buffer.withUnsafeReadableBytes { hasher.update($0) }
        received += UInt64(buffer.readableBytes)
        try await sink.write(buffer)
    }

    /// Looks whether all is there and right, at the end of an answer.
    ///
    /// - Throws: `RegistryError`: broken off, or wrong content, in which case nothing of it is kept.
    func finish(request: String) throws {
        if let unpacking {
            do { try unpacking.finish() } catch { throw unpackingFault(error, request: request) }
        }
        guard isComplete else {
            let (received, size) = (received, descriptor.size)
            if unpacking != nil {
                throw mismatch("unpacks to \(received) bytes, and the blob has \(size)", request: request)
            }
            throw RegistryError(.brokenAnswer, "\(request) breaks off after \(received) of \(size) bytes")
        }
        let digest = takeDigest()
        guard digest == descriptor.digest else {
            throw mismatch("has other bytes: their digest is \(digest)", request: request)
        }
    }

    /// Throws away what is there: it is not the beginning of this blob, or cannot be known to be.
    func forget() {
        hasher = SHA256Hasher()
        received = 0
        sources = []
        isFromBefore = false
        isLabelled = false
        unpacking = nil
    }

    private func takeDigest() -> Digest {
        var finished = SHA256Hasher()
        swap(&finished, &hasher)
        return finished.finalize()
    }

    private func unpackingFault(_ error: any Error, request: String) -> RegistryError {
        mismatch("says that it is in gzip, and cannot be unpacked: \(error)", request: request)
    }

    /// What came is wrong. Whose fault that is cannot be told where several had a part in it, and where there are two ways to read it
    /// the other one is tried: then it is fetched again from the beginning.
    private func mismatch(_ problem: String, request: String) -> RegistryError {
        let isMixed = sources.count > 1 || isFromBefore
        let wasUnpacked = unpacking != nil
        let isDoubtful = unpacksNext == nil && isLabelled
        forget()
        if isDoubtful { unpacksNext = !wasUnpacked }
        return RegistryError(isMixed || isDoubtful ? .brokenAnswer : .wrongContent, "\(request) \(problem)")
    }
}

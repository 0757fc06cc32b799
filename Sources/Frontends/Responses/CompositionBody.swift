import Compositions
import Hummingbird
import Logging
import NIOCore

/// Segments as a response body: files leave by sendfile, all else as buffers.
struct CompositionBody: Sendable {
    /// What to send, in order.
    var segments: [Segment]
    /// The connection it leaves by.
    var channel: any Channel
    /// Told of segments that cannot be read.
    var logger: Logger

    /// Zeros to send from, again and again.
    private static let zeros = ByteBuffer(repeating: 0, count: 128 << 10)

    /// How many bytes it has.
    var length: UInt64 { segments.reduce(0) { $0 + $1.length } }

    /// The body for a response.
    var body: ResponseBody {
        ResponseBody(contentLength: Int(clamping: length)) { writer in
            for segment in segments { try await write(segment, to: &writer) }
            try await writer.finish(nil)
        }
    }

    private func write(_ segment: Segment, to writer: inout any ResponseBodyWriter) async throws {
        switch segment {
        case .bytes(let bytes): try await writer.write(ByteBuffer(bytes: bytes))
        case .zeros(var left):
            while left > 0 {
                let count = Int(min(left, UInt64(Self.zeros.readableBytes)))
                try await writer.write(Self.zeros.getSlice(at: 0, length: count) ?? ByteBuffer())
                left -= UInt64(count)
            }
        case .file(let file, let range):
            do { try await send(file, range) } catch let error as SegmentError {
                // The head has left, so all that the client sees is a connection that ends early; the log says why.
                logger.error("cannot send a part of an asset", metadata: ["error": "\(error)"])
                throw error
            }
        }
    }

    private func send(_ file: StoredFile, _ range: Range<UInt64>) async throws {
        let opened = try OpenedFile(file)
        defer { withExtendedLifetime(opened) {} }
        let event = SendFile(
            descriptor: opened.descriptor, file: file,
            range: Int(clamping: range.lowerBound)..<Int(clamping: range.upperBound))
        // The server stops: a client that does not read must not keep it.
        try await withTaskCancellationHandler {
            try await channel.triggerUserOutboundEvent(event).get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

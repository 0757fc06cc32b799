import CDispatch
import Compositions
import Glibc
import Hummingbird
import Logging
import NIOCore

/// Slices of compositions as a response body: files leave by sendfile, inline bytes as buffers.
struct CompositionBody: Sendable {
    /// What to send, in order.
    var slices: [Composition.Slice]
    /// The connection it leaves by.
    var channel: any Channel
    /// Told of segments that cannot be read.
    var logger: Logger

    /// How many bytes it has.
    var length: UInt64 { slices.reduce(0) { $0 + UInt64($1.range.count) } }

    /// The body for a response.
    var body: ResponseBody {
        ResponseBody(contentLength: Int(clamping: length)) { writer in
            for slice in slices { try await write(slice, to: &writer) }
            try await writer.finish(nil)
        }
    }

    private func write(_ slice: Composition.Slice, to writer: inout any ResponseBodyWriter) async throws {
        switch slice.segment {
        case .bytes(let bytes):
            let part = bytes[Int(clamping: slice.range.lowerBound)..<Int(clamping: slice.range.upperBound)]
            try await writer.write(ByteBuffer(bytes: part))
        case .file(let file):
            let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(file, String(cString: strerror(errno))) }
            defer { close(descriptor) }
            guard file.isIntact(in: descriptor) else { throw failure(file, "\(AlteredFile())") }
            let event = SendFile(
                descriptor: descriptor, file: file,
                range: Int(clamping: slice.range.lowerBound)..<Int(clamping: slice.range.upperBound))
            // The server stops: a client that does not read must not keep it.
            do {
                try await withTaskCancellationHandler {
                    try await channel.triggerUserOutboundEvent(event).get()
                } onCancel: {
                    channel.close(promise: nil)
                }
            } catch let error as AlteredFile {
                throw failure(file, "\(error)")
            }
        }
    }
}

extension CompositionBody {
    /// The head has left, so all that the client sees is a connection that ends early; the log says why.
    private func failure(_ file: StoredFile, _ reason: String) -> UnreadableSegment {
        let error = UnreadableSegment(path: file.path, reason: reason)
        logger.error("cannot send a part of an asset", metadata: ["error": "\(error)"])
        return error
    }
}

/// A stored file that cannot be read any more, or is not what it was.
struct UnreadableSegment: Error, CustomStringConvertible {
    var path: String
    var reason: String

    var description: String { "\(path): \(reason)" }
}

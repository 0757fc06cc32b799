import Glibc
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Asks the pipeline to send a part of an open file as response body, by sendfile(2): the bytes never enter this process.
///
/// The frontends' library writes bodies as byte buffers only, so this travels beside it as an outbound event, in order with
/// the parts that are written before and after.
struct SendFile: Sendable {
    /// The open file. It belongs to the sender, who closes it after the event's promise has completed.
    var descriptor: CInt
    /// Which bytes of it.
    var range: Range<Int>
    /// How long the client may take to accept them.
    var patience: TimeAmount
}

/// Turns ``SendFile`` events into file regions for the HTTP/1 encoder.
final class SendFileHandler: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let event = event as? SendFile else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        // A handle must be given up before it is dropped; the descriptor itself stays its owner's.
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: event.descriptor)
        let region = FileRegion(
            fileHandle: handle, readerIndex: event.range.lowerBound, endIndex: event.range.upperBound)
        let channel = context.channel
        // A client that stops reading would hold its connection and file for ever.
        let deadline = context.eventLoop.scheduleTask(in: event.patience) { channel.close(promise: nil) }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { result in
            deadline.cancel()
            _ = try? handle.takeDescriptorOwnership()
            promise?.completeWith(result)
        }
        context.writeAndFlush(wrapOutboundOut(.body(.fileRegion(region))), promise: written)
    }
}

/// Puts a ``SendFileHandler`` between the HTTP/1 encoder and the codec that knows only byte buffers, as soon as it is itself
/// added behind that codec.
final class SendFileInstaller: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Never

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            let operations = context.pipeline.syncOperations
            let codec = try operations.handler(type: HTTP1ToHTTPServerCodec.self)
            try operations.addHandler(SendFileHandler(), position: .before(codec))
        } catch {
            context.fireErrorCaught(error)
        }
    }
}

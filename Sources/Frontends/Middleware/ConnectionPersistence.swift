import NIOCore
import NIOHTTP1

/// Says in one word whether a connection ends after its answer (RFC 9112 §9.3). The frontends' library looks for
/// `Connection: close` in exactly this spelling; a client of HTTP/1.0, such as small firmware, ends its connections by
/// default and waits for that end, and others write `Close`.
final class ConnectionPersistence: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), !head.isKeepAlive else {
            context.fireChannelRead(data)
            return
        }
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}

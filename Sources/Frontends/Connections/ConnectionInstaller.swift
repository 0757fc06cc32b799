import NIOCore
import NIOHTTPTypesHTTP1

/// Puts what watches over a connection, and a ``SendFileHandler``, between the HTTP/1 encoder and the codec that knows only
/// byte buffers and no versions, as soon as it is itself added behind that codec.
final class ConnectionInstaller: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Never

    private let table: ConnectionTable
    private let bodyLimit: Int

    init(table: ConnectionTable, bodyLimit: Int) {
        self.table = table
        self.bodyLimit = bodyLimit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            let operations = context.pipeline.syncOperations
            let codec = try operations.handler(type: HTTP1ToHTTPServerCodec.self)
            try operations.addHandlers(
                [
                    ConnectionEnd(), RequestHeadRules(), ConnectionGuard(table: table, bodyLimit: bodyLimit),
                    SendFileHandler(),
                ], position: .before(codec))
            // After a write that the kernel took in part, the next would only be told to wait: so none is tried.
            try context.channel.syncOptions?.setOption(.writeSpin, value: 0)
        } catch {
            context.fireErrorCaught(error)
        }
    }
}

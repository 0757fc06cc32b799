import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// How a connection is set up: the library's HTTP/1, with what watches over the connection and a ``SendFileHandler`` between
/// its encoder and the ``RequestCodec``.
struct FrontendChannel: ServerChildChannel, HTTPChannelHandler {
    let responder: Responder
    let table: ConnectionTable
    /// The most bytes that any request's body may have.
    let bodyLimit: Int
    /// How long a connection may be idle, or take over sending a request.
    let idleTimeout: Duration
    /// How files leave.
    let transport: BodyTransport

    /// The most bytes of a header and of all headers.
    static let headerLimit = 64 << 10
    static let headerCount = 256

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<AcceptedConnection> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = Self.headerLimit
            limits.maxHeaderListSize = Self.headerLimit
            limits.maxHeaderFieldCount = Self.headerCount
            // Answers come in order because requests are read one by one.
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
            try pipeline.addHandlers([
                ConnectionEnd(), ConnectionGuard(table: table, bodyLimit: bodyLimit), SendFileHandler(transport),
                RequestCodec(),
                HTTPConnectionStateHandler(idleTimeout: idleTimeout, logger: logger),
            ])
            // After a write that the kernel took in part, the next would only be told to wait: so none is tried.
            try channel.syncOptions?.setOption(.writeSpin, value: 0)
            return AcceptedConnection(
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
        }
    }

    func handle(value: AcceptedConnection, logger: Logger) async {
        await handleHTTP(asyncChannel: value.take(), logger: logger)
    }
}

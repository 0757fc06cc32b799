import NIOCore

/// Tells when a client has left: when its side of the connection ends, or all of it.
///
/// The server lets clients end their own side first, so a connection stays open until it is written to; work that nobody waits
/// for would go on until then.
final class ConnectionEnd: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private var waiting: [EventLoopPromise<Void>] = []
    private var hasEnded = false

    /// Completes when the client of `channel` has left.
    static func of(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.flatSubmit {
            let promise = channel.eventLoop.makePromise(of: Void.self)
            do { try channel.pipeline.syncOperations.handler(type: ConnectionEnd.self).wait(promise) } catch {
                promise.fail(error)
            }
            return promise.futureResult
        }
    }

    private func wait(_ promise: EventLoopPromise<Void>) {
        if hasEnded { promise.succeed() } else { waiting.append(promise) }
    }

    private func end() {
        hasEnded = true
        for promise in waiting { promise.succeed() }
        waiting = []
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { end() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }
}

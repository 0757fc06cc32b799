import NIOCore

/// Tells when a client has left: when its side of the connection ends, or all of it.
///
/// The server lets clients end their own side first, so a connection stays open until it is written to; work that nobody waits
/// for would go on until then. A connection answers one request after the other, so there is one place for what is to be
/// cancelled, and it is empty between requests.
final class ConnectionEnd: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private var cancel: (@Sendable () -> Void)?
    private var hasEnded = false

    /// Whether work is registered that the end would cancel.
    var isAwaited: Bool { cancel != nil }

    /// Registers what ends the work under way, until ``clear()``.
    func set(_ cancel: @escaping @Sendable () -> Void) {
        if hasEnded { cancel() } else { self.cancel = cancel }
    }

    /// The work has ended by itself.
    func clear() { cancel = nil }

    private func end() {
        hasEnded = true
        let cancel = cancel
        self.cancel = nil
        cancel?()
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

extension ConnectionEnd {
    /// Runs work that is of use only while the client is there, and cancels it when the client leaves.
    static func cancelling<Value: Sendable>(
        on channel: any Channel, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // A task of its own, because the end of the connection cancels it from outside the request's task.
        let task = Task { try await work() }
        channel.eventLoop.execute {
            do { try channel.pipeline.syncOperations.handler(type: ConnectionEnd.self).set { task.cancel() } } catch {
                // The pipeline is gone, and the client with it.
                task.cancel()
            }
        }
        // Behind the registration on the same event loop, whatever comes of the work.
        defer {
            channel.eventLoop.execute {
                try? channel.pipeline.syncOperations.handler(type: ConnectionEnd.self).clear()
            }
        }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}

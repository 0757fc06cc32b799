import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import Synchronization

/// A connection between its being accepted and its being served.
///
/// A server that stops may drop it unserved, and NIO takes an asynchronous channel that goes before its writer was finished for a
/// fault of the program, which it ends. So the connection is closed by whoever has it last.
final class AcceptedConnection: ServerChildChannelValue {
    typealias Stream = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    private let stream: Stream
    private let isTaken = Atomic(false)

    var channel: any Channel { stream.channel }

    init(_ stream: Stream) { self.stream = stream }

    /// The connection, for whoever serves it, to its end.
    func take() -> Stream {
        isTaken.store(true, ordering: .relaxed)
        return stream
    }

    deinit {
        guard !isTaken.load(ordering: .relaxed) else { return }
        Task { [stream] in try? await stream.executeThenClose { _, _ in } }
    }
}

import Hummingbird
import HummingbirdCore
import NIOCore
import NetworkTypes

/// What the frontends know of a request beside the request: the connection it came by.
public struct FrontendContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// The connection; large bodies leave through it by sendfile.
    let channel: any Channel

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// The client's address, if it is an IPv4 one, also in its mapped IPv6 form.
    var clientAddress: IPv4Address? {
        guard let text = channel.remoteAddress?.ipAddress else { return nil }
        return IPv4Address(parsing: text.hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text)
    }
}

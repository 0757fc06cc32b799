import NIOCore
import NIOHTTP1

/// Makes of each request's head what the frontends decide by, where the codec behind it would lose what was said.
///
/// - Whether the connection ends after the answer, in one word (RFC 9112 §9.3). The frontends' library looks for
///   `Connection: close` in exactly this spelling; a client of HTTP/1.0, such as small firmware, ends its connections by
///   default and waits for that end, and others write `Close`.
/// - Whom the client asked (RFC 9112 §3.2): HTTP/1.1 wants exactly one Host field, so a request with none or several has none
///   from here on and is refused; HTTP/1.0 knows no such field, so one that is missing there is empty.
final class RequestHeadRules: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        var isChanged = false
        if !head.isKeepAlive {
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            isChanged = true
        }
        var hosts = 0
        for field in head.headers where field.name.isHost { hosts += 1 }
        if hosts > 1 {
            head.headers.remove(name: "Host")
            isChanged = true
        } else if hosts == 0, head.isOlderThan1_1 {
            head.headers.add(name: "Host", value: "")
            isChanged = true
        }
        context.fireChannelRead(isChanged ? wrapInboundOut(.head(head)) : data)
    }
}

extension String {
    fileprivate var isHost: Bool {
        utf8.count == 4 && zip(utf8, "host".utf8).allSatisfy { $0 | 0x20 == $1 }
    }
}

extension HTTPRequestHead {
    /// Whether it came in a version before HTTP/1.1.
    var isOlderThan1_1: Bool { (version.major, version.minor) < (1, 1) }
}

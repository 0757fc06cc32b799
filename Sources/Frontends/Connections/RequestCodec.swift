import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NetworkTypes

/// Makes of each request's head what the frontends decide by, and of each answer what HTTP/1 has.
///
/// The library's own codec loses what was said, and reads each target as a URL, which costs more than most answers. Here
///
/// - the path is what the target says, be it written alone or in a whole URL; a target that names no path here stands for
///   itself, and never begins with a slash;
/// - whether the connection ends after the answer is one word (RFC 9112 §9.3). The library looks for `Connection: close` in
///   exactly this spelling; a client of HTTP/1.0, such as small firmware, ends its connections by default and waits for that
///   end, and others write `Close`;
/// - the authority is what the one Host field says (RFC 9112 §3.2), unless the target is a URL and says it (§3.2.2). HTTP/1.1
///   wants exactly one field, so a request with none, with several or with one that names no host has no authority and is
///   refused. An empty field is one of a client that knows no host, and HTTP/1.0 knows no such field: then the authority is empty.
final class RequestCodec: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            do { context.fireChannelRead(wrapInboundOut(.head(try Self.request(head)))) } catch {
                context.fireErrorCaught(error)
            }
        case .body(let bytes): context.fireChannelRead(wrapInboundOut(.body(bytes)))
        case .end(let trailers):
            context.fireChannelRead(wrapInboundOut(.end(trailers.map { HTTPFields($0, splitCookie: false) })))
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            context.write(wrapOutboundOut(.head(HTTPResponseHead(head))), promise: promise)
        case .body(let bytes): context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: promise)
        case .end(let trailers): context.write(wrapOutboundOut(.end(trailers.map(HTTPHeaders.init))), promise: promise)
        }
    }

    private static func request(_ head: HTTPRequestHead) throws -> HTTPRequest {
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        var hosts = 0
        var authority: String?
        for field in head.headers {
            if field.name.isHost {
                hosts += 1
                authority = field.value
            } else if let name = HTTPField.Name(field.name) {
                fields.append(HTTPField(name: name, value: field.value))
            }
        }
        if let written = authority, !written.isEmpty { authority = Authority(field: written)?.description }
        if hosts > 1 { authority = nil }
        if hosts == 0, head.isOld { authority = "" }
        var path = head.uri
        if case .resource(let named, let host) = RequestTarget(head.uri) {
            path = named
            if authority != nil, let host { authority = host }
        }
        if head.endsConnection { fields[.connection] = "close" }
        return HTTPRequest(
            method: try HTTPRequest.Method(head.method), scheme: "http", authority: authority, path: path,
            headerFields: fields)
    }
}

extension HTTPRequestHead {
    /// Whether it is of a version before HTTP/1.1.
    var isOld: Bool { (version.major, version.minor) < (1, 1) }

    /// Whether the connection ends after the answer. With HTTP/1.0 it always does: to go on, both sides would have to say so, and
    /// a client that is not told waits for the end (RFC 9112 §C.2.2).
    var endsConnection: Bool { isOld || !isKeepAlive }
}

extension String {
    fileprivate var isHost: Bool {
        utf8.count == 4 && zip(utf8, "host".utf8).allSatisfy { $0 | 0x20 == $1 }
    }
}

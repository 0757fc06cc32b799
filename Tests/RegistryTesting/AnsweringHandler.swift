import Glibc
import NIOCore
import NIOHTTP1

/// Reads requests and sends answers byte by byte as they are meant, right or wrong.
final class AnsweringHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    /// How much of a body is kept.
    private static let bodyLimit = 1 << 20
    private static let pieceLength = 1 << 16

    private let answer: (ReceivedRequest) throws -> Answer
    private var request: ReceivedRequest?

    init(_ answer: @escaping (ReceivedRequest) throws -> Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            request = ReceivedRequest(
                place: .registry, method: head.method.rawValue, path: parts.first ?? "",
                rawQuery: parts.count > 1 ? parts[1] : "", headers: head.headers.map { ($0.name, $0.value) }, body: [])
        case .body(let buffer):
            let room = Self.bodyLimit - (request?.body.count ?? 0)
            request?.body += buffer.readableBytesView.prefix(room)
        case .end:
            guard let request else { return }
            self.request = nil
            do { send(try answer(request), to: request.method, context) } catch { context.fireErrorCaught(error) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func send(_ answer: Answer, to method: String, _ context: ChannelHandlerContext) {
        // As nginx does when it compresses on the way.
        let isChunked = answer.has("Content-Encoding") && !answer.has("Content-Length")
        let end = min(answer.body.length, answer.cut ?? .max)
        let hasBody = method != "HEAD" && answer.status != 304 && answer.status != 204
        context.writeAndFlush(
            wrapOutboundOut(ByteBuffer(bytes: answer.head(isChunked: isChunked))), promise: nil)
        if hasBody {
            sendPiece(of: answer, from: 0, to: end, isChunked: isChunked, context)
        } else if answer.closes {
            context.close(promise: nil)
        }
    }

    /// Sends a part of the body, and the next when that has gone.
    private func sendPiece(
        of answer: Answer, from start: Int, to end: Int, isChunked: Bool, _ context: ChannelHandlerContext
    ) {
        guard start < end else {
            if isChunked { context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "0\r\n\r\n")), promise: nil) }
            finish(answer, context)
            return
        }
        let length = min(end - start, answer.bytesPerSecond.map { max(1, $0 / 10) } ?? Self.pieceLength)
        var buffer = ByteBuffer()
        if isChunked { buffer.writeString("\(String(length, radix: 16))\r\n") }
        buffer.writeBytes(answer.body.bytes(start..<start + length))
        if isChunked { buffer.writeString("\r\n") }
        let loop = context.eventLoop.assumeIsolated()
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenSuccess {
            let next = { self.sendPiece(of: answer, from: start + length, to: end, isChunked: isChunked, context) }
            if answer.bytesPerSecond == nil {
                next()
            } else {
                loop.scheduleTask(in: .milliseconds(100), next)
            }
        }
    }

    private func finish(_ answer: Answer, _ context: ChannelHandlerContext) {
        if answer.isReset {
            // Later, so that what was sent has come before the reset does.
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(200)) {
                guard let socket = context.channel as? any SocketOptionProvider else { return }
                socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).assumeIsolated().whenComplete { _ in
                    context.close(promise: nil)
                }
            }
        } else if answer.cut != nil || answer.closes {
            context.close(promise: nil)
        }
    }
}

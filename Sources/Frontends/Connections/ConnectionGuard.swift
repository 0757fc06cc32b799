import NIOCore
import NIOHTTP1

/// What a connection may ask of the server beside its answers: a place among the others, bodies that nobody reads, pauses.
///
/// - A body whose request has been answered already may go on for a moment, and then the connection ends: a client that
///   drips it would otherwise hold a descriptor for ever.
/// - So does a connection whose client said that it asks no more, however long the client leaves its own side open.
/// - A client that takes nothing of what is there for it, for a minute or two, is let go.
/// - A client that waits for leave to send its body (RFC 9110 §10.1.1) gets it at once, unless the body is too large for any
///   request; then the answer is at once, and the last.
/// - What is no HTTP is answered here, in its turn, once and last: who answers the requests gets to know of it at any time, before
///   its own answer or after that, and is not listened to any more.
/// - A request that offers another protocol, or wants a tunnel, is the last: behind it the parser takes nothing for HTTP any more,
///   and would keep whatever comes. So nothing is read any more.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a client may go on after the last answer, or after the answer to a request that it has not finished.
    static let afterwards = TimeAmount.seconds(5)
    /// How many bytes of a body nobody reads.
    static let unreadLimit = 1 << 20
    /// How often a look is taken whether a client takes what is there for it.
    static let pause = TimeAmount.seconds(60)
    /// How exactly the time is kept at which a connection last moved.
    private static let grain = TimeAmount.milliseconds(50)

    private let table: ConnectionTable
    private let bodyLimit: Int
    private var place: Int?
    private var moved = NIODeadline.now()
    /// Requests whose answers have not ended.
    private var open = 0
    /// Whether the body of the newest request is still to come.
    private var isReading = false
    private var isLast = false
    private var wantsLeave = false
    private var endsAfterAnswer = false
    /// Whether the newest request is the last thing on this connection that is HTTP.
    private var leavesHTTP = false
    /// Whether nothing more is read.
    private var isDeaf = false
    /// Whether the newest request is one for the head alone.
    private var isHead = false
    /// Whether an answer has begun and not ended.
    private var isAnswering = false
    /// What is wrong with the newest request, which is the last then.
    private var fault: RequestFault?
    private var unread = 0
    private var deadline: Scheduled<Void>?
    private var look: Scheduled<Void>?
    private var pending = 0
    private var writes: UInt64 = 0
    private var writesAtLook: UInt64 = 0

    /// A guard.
    ///
    /// - Parameter bodyLimit: The most bytes that any request's body may have.
    init(table: ConnectionTable, bodyLimit: Int) {
        self.table = table
        self.bodyLimit = bodyLimit
    }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { enter(context) } }

    func channelActive(context: ChannelHandlerContext) {
        enter(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    private func enter(_ context: ChannelHandlerContext) {
        guard place == nil else { return }
        place = table.enter(context.channel, from: ClientKey(context.channel.remoteAddress))
        scheduleLook(context)
    }

    private func leave() {
        if let place { table.leave(place) }
        place = nil
        deadline?.cancel()
        look?.cancel()
    }

    private func note(busy: Bool) {
        moved = .now()
        if let place { table.note(place, busy: busy) }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(var head):
            // Behind a request that said it is the last, nothing counts.
            guard !isLast else { return }
            open += 1
            isReading = true
            isLast = head.endsConnection
            isHead = head.method == .HEAD
            if open == 1 { note(busy: true) }
            if let fault = RequestFault(framingOf: head) {
                refuse(fault, context)
                return context.fireErrorCaught(HTTPParserError.strictModeAssertion)
            }
            if head.awaitsLeave { answerExpectation(of: head, context) }
            if head.leavesHTTP {
                leavesHTTP = true
                endsAfterAnswer = true
                isLast = true
            }
            if endsAfterAnswer {
                head.headers.replaceOrAdd(name: "Connection", value: "close")
                return context.fireChannelRead(wrapInboundOut(.head(head)))
            }
        case .body(let bytes):
            guard isReading else { return }
            // Who has begun to send waits for nothing.
            wantsLeave = false
            if deadline != nil {
                unread += bytes.readableBytes
                guard unread <= Self.unreadLimit else { return context.close(promise: nil) }
            }
        case .end:
            guard isReading else { return }
            isReading = false
            wantsLeave = false
            isDeaf = leavesHTTP
            if !isLast {
                deadline?.cancel()
                deadline = nil
                unread = 0
            }
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) { if !isDeaf { context.read() } }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError, isReading || !isLast { refuse(RequestFault(error), context) }
        context.fireErrorCaught(error)
    }

    private func refuse(_ fault: RequestFault, _ context: ChannelHandlerContext) {
        isLast = true
        wantsLeave = false
        if isReading {
            isReading = false
            // It has its answer, which the rest of its body comes behind.
            guard open > 0 else { return }
        } else {
            open += 1
            isHead = false
            if open == 1 { note(busy: true) }
        }
        self.fault = fault
        answerFault(context)
    }

    /// Answers the faulty request when all before it are answered, unless its own answer has begun.
    private func answerFault(_ context: ChannelHandlerContext) {
        guard let fault, open == 1, !isAnswering else { return }
        for part in fault.answer(withoutBody: isHead) { context.write(wrapOutboundOut(part), promise: nil) }
        context.flush()
        open = 0
        note(busy: false)
        scheduleEnd(context)
    }

    private func answerExpectation(of head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if let length = head.declaredLength, length > bodyLimit {
            endsAfterAnswer = true
            isLast = true
        } else if open == 1 {
            giveLeave(context)
        } else {
            wantsLeave = true
        }
    }

    private func giveLeave(_ context: ChannelHandlerContext) {
        wantsLeave = false
        let head = HTTPResponseHead(version: .http1_1, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // Nobody waits for it.
        guard open > 0 else {
            promise?.succeed()
            return
        }
        writes &+= 1
        switch unwrapOutboundIn(data) {
        case .head(var head):
            isAnswering = true
            if endsAfterAnswer, open == 1 {
                head.headers.replaceOrAdd(name: "Connection", value: "close")
                return context.write(wrapOutboundOut(.head(head)), promise: promise)
            }
            context.write(data, promise: promise)
        case .body:
            if NIODeadline.now() - moved > Self.grain { note(busy: true) }
            context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            isAnswering = false
            open -= 1
            if open == 0 {
                note(busy: false)
                if isReading || isLast { scheduleEnd(context) }
            } else if open == 1, wantsLeave {
                giveLeave(context)
            } else {
                answerFault(context)
            }
        }
    }

    private func scheduleEnd(_ context: ChannelHandlerContext) {
        guard deadline == nil else { return }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.afterwards) { [self] in
            deadline = nil
            // What the client has not taken yet is not lost for it; whether it takes anything is looked at elsewhere.
            if buffered(context) > 0 { scheduleEnd(context) } else { context.close(promise: nil) }
        }
    }

    private func scheduleLook(_ context: ChannelHandlerContext) {
        look = context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [self] in
            let buffered = buffered(context)
            if buffered > 0, buffered == pending, writes == writesAtLook { return context.close(promise: nil) }
            (pending, writesAtLook) = (buffered, writes)
            scheduleLook(context)
        }
    }

    /// How many bytes wait for the client to take them.
    private func buffered(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}

extension HTTPRequestHead {
    /// Whether the parser takes what comes behind this request for another protocol's (RFC 9110 §7.8, §9.3.6).
    fileprivate var leavesHTTP: Bool { method == .CONNECT || headers.contains(name: "Upgrade") }

    /// Whether the client waits for leave before it sends a body.
    fileprivate var awaitsLeave: Bool {
        guard (version.major, version.minor) >= (1, 1), headers.contains(name: "Expect") else { return false }
        return headers["Expect"].contains { $0.lowercased() == "100-continue" }
            && (headers.contains(name: "Content-Length") || headers.contains(name: "Transfer-Encoding"))
    }

    /// The length of the body as the client tells it before; nil if it does not, and more than any limit if it is no number
    /// that fits.
    fileprivate var declaredLength: Int? { headers.first(name: "Content-Length").map { Int($0) ?? .max } }
}

import NIOCore
import NIOPosix
import Synchronization

/// Stands between a client and a server and does to their bytes what bad lines, balancers and busy servers do. It knows nothing of
/// what it carries but the first bytes of requests, so TLS goes through as well.
public final class FaultProxy: Sendable {
    /// What happens to an answer.
    public enum Fault: Hashable, Sendable {
        /// The connection ends after so many bytes of it.
        case cut(after: Int)
        /// The byte at this place is another.
        case flip(at: Int)
        /// It comes no faster than so many bytes a second.
        case drip(bytesPerSecond: Int)
        /// It stops after so many bytes, and the connection stays.
        case stall(after: Int)
        /// The proxy answers itself, with this status and these lines.
        case answer(status: Int, fields: [String])
    }

    private struct Plan {
        var fault: Fault
        var path: String
        var times: Int
    }

    private let plans = Plans()
    private let channel: any Channel

    /// Starts a proxy before a server on the loopback.
    public init(before port: Int) async throws {
        let plans = plans
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ClientSide(upstream: port) { plans.next(for: $0) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Its own port.
    public var port: Int { channel.localAddress?.port ?? 0 }
    /// Host and port.
    public var host: String { "127.0.0.1:\(port)" }
    /// How many requests have come, as far as they can be told.
    public var requests: [String] { plans.requests }

    /// Does this to the next answers whose requests have `path` in their first line.
    public func plan(_ fault: Fault, onPathsWith path: String = "", times: Int = 1) {
        plans.add(Plan(fault: fault, path: path, times: times))
    }

    /// Ends the proxy.
    public func stop() async { try? await channel.close().get() }

    private final class Plans: Sendable {
        private let state = Mutex<(plans: [Plan], requests: [String])>(([], []))
        var requests: [String] { state.withLock { $0.requests } }
        func add(_ plan: Plan) { state.withLock { $0.plans.append(plan) } }

        func next(for request: String) -> Fault? {
            state.withLock { state in
                state.requests.append(request)
                guard
                    let index = state.plans.firstIndex(where: {
                        $0.times > 0 && ($0.path.isEmpty || request.contains($0.path))
                    })
                else { return nil }
                state.plans[index].times -= 1
                return state.plans[index].fault
            }
        }
    }
}

/// Takes what clients send.
private final class ClientSide: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let upstream: Int
    private let next: (String) -> FaultProxy.Fault?
    private var server: (channel: any Channel, side: NIOLoopBound<ServerSide>)?
    private var waiting: [ByteBuffer] = []
    private var isClosed = false

    init(upstream: Int, _ next: @escaping (String) -> FaultProxy.Fault?) {
        self.upstream = upstream
        self.next = next
    }

    func channelActive(context: ChannelHandlerContext) {
        let client = context.channel
        let side = NIOLoopBound(ServerSide(client: client), eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(side.value) }
            }
            .connect(host: "127.0.0.1", port: upstream).assumeIsolated().whenComplete { result in
                guard case .success(let channel) = result, !self.isClosed else {
                    if case .success(let channel) = result { channel.close(promise: nil) }
                    return context.close(promise: nil)
                }
                self.server = (channel, side)
                for buffer in self.waiting { channel.writeAndFlush(buffer, promise: nil) }
                self.waiting = []
            }
        self.side = side
    }

    private var side: NIOLoopBound<ServerSide>?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        let line = String(decoding: buffer.readableBytesView.prefix { $0 != 0x0d }, as: UTF8.self)
        // What does not begin as a request is a part of one, or TLS.
        let isRequest = line.hasSuffix(" HTTP/1.1")
        if isRequest, let fault = next(line) {
            if case .answer(let status, let fields) = fault {
                let lines = ["HTTP/1.1 \(status) No", "Content-Length: 0"] + fields
                return context.writeAndFlush(
                    wrapOutboundOut(ByteBuffer(string: lines.map { $0 + "\r\n" }.joined() + "\r\n")), promise: nil)
            }
            side?.value.begin(fault)
        } else if isRequest {
            side?.value.begin(nil)
        }
        if let server { server.channel.writeAndFlush(buffer, promise: nil) } else { waiting.append(buffer) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        server?.channel.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Takes what the server sends, and gives it on as the fault has it.
private final class ServerSide: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: any Channel
    private var fault: FaultProxy.Fault?
    private var count = 0
    private var held = ByteBuffer()
    private var isDripping = false
    private var hasEnded = false

    init(client: any Channel) { self.client = client }

    /// Another answer begins.
    func begin(_ fault: FaultProxy.Fault?) {
        self.fault = fault
        count = 0
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        let start = count
        count += buffer.readableBytes
        switch fault {
        case .cut(let limit)? where count >= limit:
            let part = buffer.readSlice(length: max(0, limit - start)) ?? ByteBuffer()
            client.writeAndFlush(part).assumeIsolated().whenComplete { _ in self.client.close(promise: nil) }
        case .stall(let limit)? where count >= limit:
            client.writeAndFlush(buffer.readSlice(length: max(0, limit - start)) ?? ByteBuffer(), promise: nil)
        case .flip(let place)? where start <= place && place < count:
            let index = buffer.readerIndex + place - start
            buffer.setInteger((buffer.getInteger(at: index, as: UInt8.self) ?? 0) ^ 1, at: index)
            client.writeAndFlush(buffer, promise: nil)
        case .drip(let rate)?:
            held.writeBuffer(&buffer)
            if !isDripping { drip(rate, context) }
        default: client.writeAndFlush(buffer, promise: nil)
        }
    }

    private func drip(_ rate: Int, _ context: ChannelHandlerContext) {
        let length = min(held.readableBytes, max(1, rate / 10))
        isDripping = length > 0
        guard let part = held.readSlice(length: length), isDripping, client.isActive else {
            if hasEnded { client.close(promise: nil) }
            return
        }
        client.writeAndFlush(part, promise: nil)
        client.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(100)) { self.drip(rate, context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded = true
        if !isDripping { client.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

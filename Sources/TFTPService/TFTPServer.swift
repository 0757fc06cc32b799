import CLinux
import Glibc
import Logging
import NetworkTypes
import Synchronization
import TFTP
import Workers

/// A TFTP server that only sends (RFC 1350, 2347, 2348, 2349, 7440).
///
/// ```
/// request port ──▶ thread 0 ──▶ requests ──▶ tree.open (tasks, bounded) ──▶ thread n: the transfer
///                  (decodes)                                                (ACK in, window out)
/// ```
///
/// A few threads move the packets of all transfers, each with a few UDP sockets that its transfers share: a transfer is found
/// by its client's address and port, so descriptors and memory do not grow with the number of clients, and one system call
/// takes in the acknowledgements of many. A window leaves as one message that the kernel cuts up.
///
/// "netascii" is served as "octet", since what firmware asks for is binary whatever it says.
public final class TFTPServer: Sendable {
    /// What was bound, with the ports that the system chose.
    public let endpoints: [SocketEndpoint]
    private let context: ServerContext
    private let tree: any TFTPTree
    private let listening: Mutex<[Int32]>

    /// Opens the sockets, so that a port that is taken is known at once.
    public init(
        settings: Settings = Settings(), tree: any TFTPTree, logger: Logger,
        observer: @escaping @Sendable (TFTPEvent) -> Void = { _ in }
    ) throws(TFTPServerError) {
        guard !settings.addresses.isEmpty else { throw .noAddresses }
        var sockets: [Int32] = []
        var endpoints: [SocketEndpoint] = []
        for address in settings.addresses {
            let descriptor = tftp_socket(address.value, settings.port, true)
            guard descriptor >= 0 else {
                for socket in sockets { close(socket) }
                throw .binding(SocketEndpoint(address: address, port: settings.port), errno: -descriptor)
            }
            sockets.append(descriptor)
            endpoints.append(
                SocketEndpoint(boundBy: descriptor) ?? SocketEndpoint(address: address, port: settings.port))
        }
        self.endpoints = endpoints
        self.tree = tree
        listening = Mutex(sockets)
        context = ServerContext(settings: settings, logger: logger, observer: observer)
    }

    deinit {
        for socket in listening.withLock({ $0 }) { close(socket) }
    }

    /// What has been done so far.
    public var counters: TFTPCounters { context.counters }

    /// Serves until the task is cancelled. Transfers under way are then ended with an ERROR, and everything is closed.
    public func run() async throws(TFTPServerError) {
        let sockets = listening.withLock { sockets in
            defer { sockets = [] }
            return sockets
        }
        guard !sockets.isEmpty else { throw .ranAlready }
        let (requests, continuation) = AsyncStream.makeStream(
            of: IncomingRequest.self, bufferingPolicy: .bufferingNewest(1024))
        let inboxes: [WorkerInbox]
        do throws(TFTPServerError) {
            inboxes = try (0..<threadCount).map { _ throws(TFTPServerError) in try WorkerInbox() }
        } catch {
            for socket in sockets { close(socket) }
            throw error
        }
        for endpoint in endpoints { context.logger.info("TFTP is listening", metadata: ["tftp.server": "\(endpoint)"]) }
        @Sendable func stop() {
            continuation.finish()
            for inbox in inboxes { inbox.stop() }
        }
        var threads: [OwnThread<Void>] = []
        var failure: ThreadError?
        do throws(ThreadError) {
            for (index, inbox) in inboxes.enumerated() {
                let thread = try OwnThread(named: "tftp-\(index)") { [context] in
                    var worker = TransferWorker(
                        context: context, inbox: inbox, listening: index == 0 ? sockets : [], requests: continuation)
                    worker.run()
                }
                threads.append(thread)
            }
        } catch {
            failure = error
            if threads.isEmpty { for socket in sockets { close(socket) } }
            stop()
        }
        await withTaskCancellationHandler {
            await serve(requests, workers: inboxes)
            for thread in threads { try? await thread.value }
        } onCancel: {
            stop()
        }
        if let failure { throw .resources(errno: failure.code) }
    }

    private var threadCount: Int {
        if context.settings.singlePort { return 1 }
        let standard = min(4, (sysconf(Int32(_SC_NPROCESSORS_ONLN)) + 1) / 2)
        return max(1, min(64, context.settings.threads ?? standard))
    }

    /// Opens what is requested, some requests at a time.
    private func serve(_ requests: AsyncStream<IncomingRequest>, workers: [WorkerInbox]) async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await request in requests {
                if running >= 64 {
                    await group.next()
                    running -= 1
                }
                running += 1
                group.addTask { await self.answer(request, workers: workers) }
            }
        }
    }

    private func answer(_ incoming: IncomingRequest, workers: [WorkerInbox]) async {
        let client = incoming.subject.client
        let worker = workers[Int(client.key % UInt64(workers.count))]
        var subject = incoming.subject
        func refuse(_ code: TFTPErrorCode, _ message: String, because reason: String? = nil) {
            context.record(.refused(subject, code: code, reason: reason ?? message))
            worker.post(.refuse(subject: subject, listener: incoming.listener, code: code, message: message))
        }
        guard ["octet", "netascii"].contains(incoming.request.mode.lowercased()) else {
            return refuse(.illegalOperation, "only octet mode is served")
        }
        let name: TFTPFileName
        do throws(TFTPFileNameError) {
            name = try TFTPFileName(normalizing: incoming.request.fileName)
        } catch {
            return refuse(error == .leavesTree ? .accessViolation : .fileNotFound, "no such file", because: "\(error)")
        }
        subject.name = TFTPSubject.printable(Array(name.path.utf8))
        let ticket: UInt64
        switch context.admission.request(from: client) {
        case .admitted(let given, let displaced):
            ticket = given
            if let displaced { workers[Int(displaced.client.key % UInt64(workers.count))].post(.displace(displaced)) }
        case .repeated: return
        case .clientLimit: return refuse(.undefined, "too many transfers of one client; try again later")
        case .serverLimit: return refuse(.undefined, "the server is busy; try again later")
        }
        context.record(.requested(subject))
        do {
            guard let content = try await tree.open(name, client: client, server: subject.server) else {
                context.admission.abandon(client, ticket: ticket)
                return refuse(.fileNotFound, "no such file")
            }
            let terms = Negotiation(
                of: incoming.request.options, length: content.length, limits: limits(for: subject))
            worker.post(
                .start(
                    StartingTransfer(
                        subject: subject, request: incoming.request, listener: incoming.listener,
                        received: incoming.received, ticket: ticket,
                        content: content, terms: terms)))
        } catch TFTPContentError.unreadable(let path, ENOENT) {
            context.admission.abandon(client, ticket: ticket)
            refuse(.fileNotFound, "no such file", because: "\(path) is missing")
        } catch {
            context.log(.warning, "content cannot be opened", subject, ["error": "\(error)"])
            context.admission.abandon(client, ticket: ticket)
            refuse(.undefined, "not available now", because: "\(error)")
        }
    }

    /// The limits for one client: the settings', the link's and those of its network.
    private func limits(for subject: TFTPSubject) -> TransferLimits {
        var limits = context.settings.limits
        let mtu = tftp_path_mtu(subject.server.value, subject.client.address.value)
        // 20 bytes of IP, 8 of UDP and 4 of TFTP.
        if mtu >= 576 { limits.maximumBlockSize = min(limits.maximumBlockSize, Int(mtu) - 32) }
        for limit in context.settings.blockSizeLimits where limit.covers(subject.client.address) {
            limits.maximumBlockSize = min(limits.maximumBlockSize, limit.maximumBlockSize)
        }
        return limits
    }
}

extension SocketEndpoint {
    /// The endpoint as one number.
    var key: UInt64 { UInt64(address.value) << 16 | UInt64(port) }
}

import CLinux
import Glibc
import NetworkTypes
import TFTP

/// Sockets that transfers take in turn.
struct SocketPool {
    var sockets: [Int] = []
    private var last = 0

    /// The next in turn, but for `old` if there is another.
    mutating func next(otherThan old: Int?) -> Int? {
        guard !sockets.isEmpty else { return nil }
        last = (last + 1) % sockets.count
        if sockets[last] == old { last = (last + 1) % sockets.count }
        return sockets[last]
    }
}

/// One thread's transfers and sockets. Nothing in it is shared; `run()` returns when the inbox says stop.
struct TransferWorker: ~Copyable {
    struct Socket {
        let descriptor: Int32
        /// Whether requests come to it, and not only what belongs to a transfer.
        let isRequestPort: Bool
        /// The address that it is bound to; 0 if each packet has to be told where it leaves.
        var address: UInt32 = 0
        /// Transfers that wait for room.
        var blocked: [Int] = []
    }

    let context: ServerContext
    let inbox: WorkerInbox
    let requests: AsyncStream<IncomingRequest>.Continuation
    let receiver: OpaquePointer
    let sender: OpaquePointer
    /// Where packets are made; used from the beginning again when what it holds is sent.
    let arena: UnsafeMutablePointer<UInt8>
    var arenaUsed = 0
    /// The socket for which messages wait in `sender`.
    var staged = 0
    var sockets: [Socket] = []
    /// What poll(2) is asked: the inbox first, then the sockets in their order. epoll would have every packet that leaves a
    /// socket wake this thread's queue, awake or not, and there are never more than a few dozen sockets to look at.
    var watched: [pollfd]
    /// The sockets of transfers, by the address that they are bound to.
    var pools: [UInt32: SocketPool] = [:]
    var transfers: [Transfer?] = []
    /// What stays the same of each, and what it has to be told of.
    var terms: [TransferTerms?] = []
    /// Transfers that are over, of whose content something may still wait to be sent.
    var retired: [TransferTerms] = []
    /// When each transfer's timer ends, in nanoseconds; 0 without a transfer. Apart from them, because all are looked
    /// through ten times a second.
    var deadlines: [UInt64] = []
    /// When each transfer's client counts as silent unless it acknowledges something, likewise.
    var silences: [UInt64] = []
    var lastTimeout = Duration.zero
    var lastNanoseconds: UInt64 = 0
    var free: [Int] = []
    var slots: [UInt64: Int] = [:]
    var counts = TFTPCounters()
    var now: UInt64

    static let arenaSize = 256 << 10
    /// The longest datagram that is received whole, in bytes. Requests and errors are shorter.
    static let datagramCapacity = 1536
    /// Between looks at the timers.
    static let tick: UInt64 = 100_000_000
    /// How long a client may acknowledge nothing before its transfer gives way to others, whatever timer it asked for.
    static let patience: UInt64 = 1_000_000_000

    init(
        context: ServerContext, inbox: WorkerInbox, listening: [Int32],
        requests: AsyncStream<IncomingRequest>.Continuation
    ) {
        guard let receiver = linux_receiver_create(Self.datagramCapacity), let sender = linux_sender_create() else {
            fatalError("out of memory for TFTP's buffers")
        }
        self.context = context
        self.inbox = inbox
        self.requests = requests
        self.receiver = receiver
        self.sender = sender
        arena = .allocate(capacity: Self.arenaSize)
        now = monotonicNanoseconds()
        watched = [pollfd(fd: inbox.wakeup, events: Int16(POLLIN), revents: 0)]
        for descriptor in listening { adopt(Socket(descriptor: descriptor, isRequestPort: true)) }
    }

    deinit {
        for socket in sockets { close(socket.descriptor) }
        linux_receiver_free(receiver)
        linux_sender_free(sender)
        arena.deallocate()
    }

    mutating func run() {
        var nextTick = now + Self.tick
        while true {
            let wait = slots.isEmpty ? -1 : Int32((nextTick - min(now, nextTick)) / 1_000_000 + 1)
            let count = poll(&watched, nfds_t(watched.count), wait)
            now = monotonicNanoseconds()
            if count > 0 {
                if watched[0].revents != 0 {
                    let (jobs, isStopping) = inbox.take()
                    if isStopping { return stop() }
                    for job in jobs { perform(job) }
                }
                // Jobs and requests may add sockets, which nobody has asked about yet.
                for socket in sockets.indices {
                    let events = Int32(watched[socket + 1].revents)
                    if events & ~POLLOUT != 0 { receive(from: socket) }
                    if events & POLLOUT != 0 { roomReturned(on: socket) }
                }
            }
            flush()
            if now >= nextTick {
                nextTick = now + Self.tick
                endTimers()
                flush()
                publishCounts()
            } else if slots.isEmpty {
                publishCounts()
            }
        }
    }

    mutating func publishCounts() {
        guard counts != TFTPCounters() else { return }
        context.add(counts)
        counts = TFTPCounters()
    }

    @discardableResult
    mutating func adopt(_ socket: Socket) -> Int {
        sockets.append(socket)
        watched.append(pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0))
        return sockets.count - 1
    }

    /// Whether room for sending is waited for too.
    mutating func watchRoom(on socket: Int, _ isWanted: Bool) {
        watched[socket + 1].events = Int16(isWanted ? POLLIN | POLLOUT : POLLIN)
    }

    /// The socket of a new transfer: the next in turn, of a few more than the number of transfers asks for. So a client that
    /// asks anew from its old port meets another port of ours, and a late packet of its old transfer cannot disturb it.
    ///
    /// - Parameter server: the address that was asked, from which the answers leave. Whoever asks chooses among those of this
    ///   host, which may be very many (127.0.0.0/8): the first few get sockets of their own, which saves the kernel looking at
    ///   each packet for where it leaves.
    mutating func socketForTransfer(from server: UInt32, listener: Int, otherThan old: Int? = nil) -> Int? {
        if context.settings.singlePort { return listener }
        let address = pools[server] != nil || pools.count < Self.mostAddresses ? server : 0
        if let socket = nextSocket(boundTo: address, otherThan: old) { return socket }
        // The address may have gone since it was asked.
        return address == 0 ? nil : nextSocket(boundTo: 0, otherThan: old)
    }

    private mutating func nextSocket(boundTo address: UInt32, otherThan old: Int?) -> Int? {
        var pool = pools[address] ?? SocketPool()
        let wanted = min(Self.largestPool, Self.smallestPool + slots.count / 64)
        if pool.sockets.count < (sockets.count < Self.mostSockets ? wanted : Self.smallestPool) {
            let descriptor = tftp_socket(address, 0, false)
            if descriptor >= 0 {
                pool.sockets.append(
                    adopt(Socket(descriptor: descriptor, isRequestPort: false, address: address)))
            }
        }
        guard !pool.sockets.isEmpty else { return nil }
        defer { pools[address] = pool }
        return pool.next(otherThan: old)
    }

    private static let (smallestPool, largestPool) = (3, 64)
    /// How many addresses get sockets of their own, and how many sockets there are before pools stop growing.
    private static let (mostAddresses, mostSockets) = (8, 128)

    // MARK: - Jobs

    mutating func perform(_ job: WorkerInbox.Job) {
        switch job {
        case .start(let starting): start(starting)
        case .displace(let displaced):
            guard let slot = slots[displaced.client.key], let terms = terms[slot],
                terms.ticket == displaced.ticket
            else { return }
            // A sender that never answered may be forged, and is told nothing.
            if transfers[slot]?.state.hasBegun == true {
                send(.error(.undefined, message: "another transfer has taken this one's place"), to: terms)
            }
            end(slot, .failed(terms.subject, reason: .displaced))
        case .refuse(let subject, let listener, let code, let message):
            refuse(subject.client, from: subject.server, listener: listener, code: code, message: message)
        }
    }

    mutating func start(_ starting: StartingTransfer) {
        let key = starting.subject.client.key
        var oldSocket: Int?
        if let slot = slots[key], let older = terms[slot] {
            // The first answer may have been lost; then the transfer goes on where the client may already be.
            if older.ticket == starting.ticket, older.request == starting.request,
                transfers[slot]?.state.hasBegun == false
            {
                context.admission.waits(starting.subject.client, ticket: starting.ticket)
                if let action = transfers[slot]?.state.requestRepeated() { perform(action, slot: slot) }
                return
            }
            // A repeated request that was overtaken by the client's first answer is no new one.
            if older.request == starting.request, starting.received <= transfers[slot]?.answered ?? 0 {
                return context.admission.abandon(starting.subject.client, ticket: starting.ticket)
            }
            oldSocket = transfers[slot]?.socket
            end(slot, .failed(older.subject, reason: .replaced), release: false)
        }
        guard
            let socket = socketForTransfer(
                from: starting.subject.server.value, listener: starting.listener, otherThan: oldSocket)
        else {
            context.admission.abandon(starting.subject.client, ticket: starting.ticket)
            context.record(.refused(starting.subject, code: .undefined, reason: "no socket can be opened"))
            return
        }
        let terms = TransferTerms(
            starting, socket: socket, source: source(of: starting.subject.server, on: socket), began: now)
        let state = ReadTransfer(
            length: starting.content.length, negotiation: starting.terms, retry: context.settings.retry)
        let transfer = Transfer(state: state, terms: terms)
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            transfers[slot] = transfer
            self.terms[slot] = terms
        } else {
            slot = transfers.count
            transfers.append(transfer)
            self.terms.append(terms)
            deadlines.append(0)
            silences.append(0)
        }
        slots[key] = slot
        context.admission.waits(starting.subject.client, ticket: starting.ticket)
        context.record(.started(starting.subject, length: starting.content.length))
        if let action = transfers[slot]?.state.start() { perform(action, slot: slot) }
    }

    mutating func end(_ slot: Int, _ event: TFTPEvent, release: Bool = true) {
        guard let terms = terms[slot] else { return }
        retired.append(terms)
        self.terms[slot] = nil
        transfers[slot] = nil
        deadlines[slot] = 0
        silences[slot] = 0
        free.append(slot)
        slots[terms.client] = nil
        if release { context.admission.release(terms.subject.client, ticket: terms.ticket) }
        context.record(event)
    }

    mutating func stop() {
        for slot in transfers.indices {
            guard let terms = terms[slot] else { continue }
            send(.error(.undefined, message: "the server stops"), to: terms)
            end(slot, .failed(terms.subject, reason: .shutdown))
        }
        flush()
        publishCounts()
    }

    // MARK: - Timers

    mutating func endTimers() {
        for slot in silences.indices where silences[slot] != 0 && silences[slot] <= now {
            silences[slot] = 0
            guard let terms = terms[slot] else { continue }
            transfers[slot]?.isActive = false
            context.admission.fellSilent(terms.subject.client, ticket: terms.ticket)
        }
        for slot in deadlines.indices where deadlines[slot] != 0 && deadlines[slot] <= now {
            guard let action = transfers[slot]?.state.timedOut() else { continue }
            if case .send = action { counts.retransmissions += 1 }
            if case .sendOptions = action { counts.retransmissions += 1 }
            perform(action, slot: slot)
        }
    }
}

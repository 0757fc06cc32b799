import CLinux
import Glibc
import NetworkTypes
import TFTP

extension TransferWorker {
    mutating func perform(_ action: ReadTransfer.Action, slot: Int) {
        switch action {
        case .ignore: break
        case .send(let blocks, let timeout):
            arm(slot, timeout)
            send(blocks, slot: slot)
        case .sendOptions(let timeout):
            arm(slot, timeout)
            if let terms = terms[slot] { send(terms.options, to: terms) }
        case .finish:
            guard let state = transfers[slot]?.state, let terms = terms[slot] else { return }
            let event = TFTPEvent.finished(
                terms.subject, length: state.length, duration: .nanoseconds(Int64(clamping: now - terms.began)),
                retransmissions: state.retransmissions)
            end(slot, event)
        case .decline:
            if let terms = terms[slot] { end(slot, .declined(terms.subject)) }
        case .fail(let failure):
            guard let state = transfers[slot]?.state, let terms = terms[slot] else { return }
            let reason: TFTPFailure =
                switch failure {
                case .noAnswer: .noAnswer(afterRetransmissions: state.retransmissions)
                case .clientError(let code): .clientError(code, message: "")
                }
            end(slot, .failed(terms.subject, reason: reason))
        }
    }

    mutating func arm(_ slot: Int, _ timeout: Duration) {
        // Mostly the same as before, and its parts are divisions of 128 bits.
        if timeout != lastTimeout {
            let (seconds, attoseconds) = timeout.components
            lastTimeout = timeout
            lastNanoseconds =
                UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
        }
        let nanoseconds = lastNanoseconds
        // A little apart from each other, so that clients that lost packets together do not all come back together.
        deadlines[slot] = now &+ nanoseconds &+ (now ^ UInt64(slot) &* 0x9e37_79b9) & 0x3ff_ffff
    }

    mutating func send(_ packet: TFTPPacket, to terms: TransferTerms) { send(packet.encode(), to: terms) }

    mutating func send(_ bytes: [UInt8], to terms: TransferTerms) {
        send(bytes, to: terms.client, from: terms.source, socket: terms.socket)
    }

    mutating func refuse(
        _ client: SocketEndpoint, from server: IPv4Address, listener: Int, code: TFTPErrorCode, message: String
    ) {
        guard let socket = socketForTransfer(from: server.value, listener: listener) else { return }
        send(
            TFTPPacket.error(code, message: message).encode(), to: client.key, from: source(of: server, on: socket),
            socket: socket)
    }

    /// What a packet must be told so that it leaves from `server`: nothing, if the socket is bound to it.
    func source(of server: IPv4Address, on socket: Int) -> UInt32 {
        sockets[socket].address == server.value ? 0 : server.value
    }

    mutating func send(_ bytes: [UInt8], to client: UInt64, from source: UInt32, socket: Int) {
        let place = reserve(bytes.count, socket: socket)
        bytes.withUnsafeBufferPointer { if let base = $0.baseAddress { place.update(from: base, count: bytes.count) } }
        arenaUsed += bytes.count
        add(place, bytes.count, to: client, from: source, segment: 0)
    }

    /// Sends blocks as few messages: as many in one as the kernel takes to cut up.
    mutating func send(_ blocks: ClosedRange<UInt64>, slot: Int) {
        guard let transfer = transfers[slot] else { return }
        // Whoever gets the last block believes to have everything.
        if blocks.upperBound == transfer.state.lastBlock, terms[slot]?.content.isWhole == false {
            return abort(slot, because: .shortened)
        }
        let packetSize = transfer.state.blockSize + 4
        let most = UInt64(max(1, min(64, 65_000 / packetSize)))
        var first = blocks.lowerBound
        while true {
            let last = min(blocks.upperBound, first + (most - 1))
            let count = Int(last - first) + 1
            let range = transfer.state.bytes(of: first...last)
            let length = Int(range.upperBound - range.lowerBound)
            if let memory = transfer.memory {
                let place = reserve(count * 4, vectors: count * 2, socket: transfer.socket)
                let isAdded = tftp_add_blocks(
                    sender, UInt32(truncatingIfNeeded: transfer.client >> 16),
                    UInt16(truncatingIfNeeded: transfer.client), transfer.source, place, first, UInt32(count),
                    transfer.state.blockSize, memory + Int(range.lowerBound), length)
                assert(isAdded, "room was made for it")
                arenaUsed += count * 4
            } else {
                let place = reserve(count * packetSize, vectors: 1, socket: transfer.socket)
                do throws(TFTPContentError) {
                    guard let content = terms[slot]?.content else { return }
                    let written = try content.writePackets(
                        first: first, count: count, blockSize: transfer.state.blockSize, range: range, to: place)
                    arenaUsed += written
                    add(
                        place, written, to: transfer.client, from: transfer.source,
                        segment: count > 1 ? UInt16(truncatingIfNeeded: packetSize) : 0)
                } catch {
                    return abort(slot, because: error)
                }
            }
            counts.blocks += UInt64(count)
            counts.bytes += UInt64(length + count * 4)
            guard last < blocks.upperBound else { return }
            first = last + 1
        }
    }

    /// Ends a transfer whose content is not what it was.
    mutating func abort(_ slot: Int, because error: TFTPContentError) {
        guard let terms = terms[slot] else { return }
        send(.error(.undefined, message: "the file cannot be read"), to: terms)
        end(slot, .failed(terms.subject, reason: .content(error)))
    }

    /// Room for a message to `socket`. What waits for another socket, or leaves too little room, is sent first.
    mutating func reserve(_ count: Int, vectors: Int = 1, socket: Int) -> UnsafeMutablePointer<UInt8> {
        // A flush may find a file too short, and leave the ERROR that says so.
        while linux_sender_count(sender) > 0,
            staged != socket || arenaUsed + count > Self.arenaSize || !linux_sender_has_room(sender, Int32(vectors))
        {
            flush()
        }
        staged = socket
        return arena + arenaUsed
    }

    mutating func add(
        _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, to client: UInt64, from source: UInt32, segment: UInt16
    ) {
        _ = linux_sender_add(
            sender, UInt32(truncatingIfNeeded: client >> 16), UInt16(truncatingIfNeeded: client), source, 0, bytes,
            count, segment)
    }

    mutating func flush() {
        var shortened: [Int] = []
        drain(&shortened)
        arenaUsed = 0
        // Nothing that waits refers to them any more.
        if !retired.isEmpty { retired.removeAll(keepingCapacity: true) }
        guard !shortened.isEmpty else { return }
        for slot in shortened { abort(slot, because: .shortened) }
        flush()
    }

    /// Sends what waits. The transfers of which a part is not there any more are left to the caller.
    private mutating func drain(_ shortened: inout [Int]) {
        guard linux_sender_count(sender) > 0 else { return }
        let descriptor = sockets[staged].descriptor
        while true {
            switch linux_sender_flush(sender, descriptor) {
            case 0: return
            case EAGAIN, ENOBUFS: return waitForRoom()
            case EINVAL, EIO, EOPNOTSUPP, EMSGSIZE:
                // The device or the route cannot take a message to cut up; separate datagrams can still go.
                switch linux_sender_send_divided(sender, descriptor) {
                case 0: break
                case EAGAIN, ENOBUFS: return waitForRoom()
                default: linux_sender_skip(sender)
                }
            case EFAULT:
                if let slot = slots[linux_sender_first_endpoint(sender)], !shortened.contains(slot) {
                    shortened.append(slot)
                }
                linux_sender_skip(sender)
            default:
                // No route, or a filter: the same as a packet lost on the way. The timer tries again.
                linux_sender_skip(sender)
            }
        }
    }

    /// The socket is full: what is left waits until there is room, as transfers and not as packets.
    mutating func waitForRoom() {
        let socket = staged
        while linux_sender_count(sender) > 0 {
            if let slot = slots[linux_sender_first_endpoint(sender)], transfers[slot]?.isBlocked == false {
                transfers[slot]?.isBlocked = true
                sockets[socket].blocked.append(slot)
            }
            linux_sender_skip(sender)
        }
        if !sockets[socket].blocked.isEmpty { watchRoom(on: socket, true) }
    }

    mutating func roomReturned(on socket: Int) {
        let blocked = sockets[socket].blocked
        sockets[socket].blocked = []
        watchRoom(on: socket, false)
        for slot in blocked where transfers[slot]?.isBlocked == true && transfers[slot]?.socket == socket {
            transfers[slot]?.isBlocked = false
            if let action = transfers[slot]?.state.roomReturned() { perform(action, slot: slot) }
        }
    }
}

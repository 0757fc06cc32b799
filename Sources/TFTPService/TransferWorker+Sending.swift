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
            if let terms = transfers[slot]?.terms { send(terms.options, to: terms) }
        case .finish:
            guard let state = transfers[slot]?.state, let terms = transfers[slot]?.terms else { return }
            let event = TFTPEvent.finished(
                terms.subject, length: state.length, duration: .nanoseconds(Int64(clamping: now - terms.began)),
                retransmissions: state.retransmissions)
            end(slot, event)
        case .decline:
            if let terms = transfers[slot]?.terms { end(slot, .declined(terms.subject)) }
        case .fail(let failure):
            guard let state = transfers[slot]?.state, let terms = transfers[slot]?.terms else { return }
            let reason: TFTPFailure =
                switch failure {
                case .noAnswer: .noAnswer(afterRetransmissions: state.retransmissions)
                case .clientError(let code): .clientError(code, message: "")
                }
            end(slot, .failed(terms.subject, reason: reason))
        }
    }

    mutating func arm(_ slot: Int, _ timeout: Duration) {
        let (seconds, attoseconds) = timeout.components
        let nanoseconds = UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
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
        guard let socket = socketForTransfer(listener: listener) else { return }
        send(TFTPPacket.error(code, message: message).encode(), to: client.key, from: server.value, socket: socket)
    }

    mutating func send(_ bytes: [UInt8], to client: UInt64, from source: UInt32, socket: Int) {
        let place = reserve(bytes.count, socket: socket)
        bytes.withUnsafeBufferPointer { if let base = $0.baseAddress { place.update(from: base, count: bytes.count) } }
        arenaUsed += bytes.count
        add(place, bytes.count, to: client, from: source, segment: 0)
    }

    /// Sends blocks as few messages: as many in one as the kernel takes to cut up.
    mutating func send(_ blocks: ClosedRange<UInt64>, slot: Int) {
        guard let terms = transfers[slot]?.terms else { return }
        let blockSize = terms.blockSize
        let packetSize = blockSize + 4
        let most = UInt64(max(1, min(64, 65_000 / packetSize)))
        var first = blocks.lowerBound
        while true {
            let last = min(blocks.upperBound, first + (most - 1))
            let count = Int(last - first) + 1
            let place = reserve(count * packetSize, socket: terms.socket)
            guard let range = transfers[slot]?.state.bytes(of: first...last) else { return }
            do throws(TFTPContentError) {
                // With a buffer the blocks come from memory; without, straight from the file to their places.
                let written: Int
                if let ahead = transfers[slot]?.ahead {
                    written = try ahead.writePackets(
                        first: first, count: count, blockSize: blockSize, range: range, to: place)
                } else {
                    written = try terms.content.writePackets(
                        first: first, count: count, blockSize: blockSize, range: range, to: place)
                }
                arenaUsed += written
                add(
                    place, written, to: terms.client, from: terms.source,
                    segment: count > 1 ? UInt16(truncatingIfNeeded: packetSize) : 0)
                counts.blocks += UInt64(count)
                counts.bytes += UInt64(written)
            } catch {
                send(.error(.undefined, message: "the file cannot be read"), to: terms)
                return end(slot, .failed(terms.subject, reason: .content(error)))
            }
            guard last < blocks.upperBound else { return }
            first = last + 1
        }
    }

    /// Room for a message to `socket`. What waits for another socket, or leaves too little room, is sent first.
    mutating func reserve(_ count: Int, socket: Int) -> UnsafeMutablePointer<UInt8> {
        if staged != socket || arenaUsed + count > Self.arenaSize || tftp_sender_count(sender) == Int32(TFTP_BATCH) {
            flush()
        }
        staged = socket
        return arena + arenaUsed
    }

    mutating func add(
        _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, to client: UInt64, from source: UInt32, segment: UInt16
    ) {
        _ = tftp_sender_add(
            sender, UInt32(truncatingIfNeeded: client >> 16), UInt16(truncatingIfNeeded: client), source, bytes, count,
            segment)
    }

    mutating func flush() {
        defer { arenaUsed = 0 }
        guard tftp_sender_count(sender) > 0 else { return }
        let descriptor = sockets[staged].descriptor
        while true {
            switch tftp_sender_flush(sender, descriptor) {
            case 0: return
            case EAGAIN, ENOBUFS: return waitForRoom()
            case EINVAL, EIO, EOPNOTSUPP, EMSGSIZE:
                // The device or the route cannot take a message to cut up; separate datagrams can still go.
                switch tftp_sender_send_divided(sender, descriptor) {
                case 0: break
                case EAGAIN, ENOBUFS: return waitForRoom()
                default: tftp_sender_skip(sender)
                }
            default:
                // No route, or a filter: the same as a packet lost on the way. The timer tries again.
                tftp_sender_skip(sender)
            }
        }
    }

    /// The socket is full: what is left waits until there is room, as transfers and not as packets.
    mutating func waitForRoom() {
        let socket = staged
        while tftp_sender_count(sender) > 0 {
            if let slot = slots[tftp_sender_first_endpoint(sender)], transfers[slot]?.isBlocked == false {
                transfers[slot]?.isBlocked = true
                sockets[socket].blocked.append(slot)
            }
            tftp_sender_skip(sender)
        }
        if !sockets[socket].blocked.isEmpty {
            _ = tftp_poll_watch_writing(inbox.poll, sockets[socket].descriptor, UInt32(socket), true)
        }
    }

    mutating func roomReturned(on socket: Int) {
        let blocked = sockets[socket].blocked
        sockets[socket].blocked = []
        _ = tftp_poll_watch_writing(inbox.poll, sockets[socket].descriptor, UInt32(socket), false)
        for slot in blocked where transfers[slot]?.isBlocked == true && transfers[slot]?.terms.socket == socket {
            transfers[slot]?.isBlocked = false
            if let action = transfers[slot]?.state.roomReturned() { perform(action, slot: slot) }
        }
    }
}

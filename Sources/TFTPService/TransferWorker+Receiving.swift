import CLinux
import NetworkTypes
import TFTP

extension TransferWorker {
    mutating func receive(from socket: Int) {
        let isRequestPort = sockets[socket].isRequestPort
        let count = linux_receive(receiver, sockets[socket].descriptor)
        for index in 0..<max(0, Int(count)) {
            let datagram = linux_received(receiver, Int32(index))
            guard datagram.length >= 4, let bytes = datagram.bytes, bytes[0] == 0 else {
                counts.strays += 1
                continue
            }
            switch bytes[1] {
            case 4:
                guard let slot = slot(of: datagram, on: socket) else { continue }
                acknowledged(UInt16(bytes[2]) << 8 | UInt16(bytes[3]), slot: slot)
            case 5:
                guard let slot = slot(of: datagram, on: socket) else { continue }
                receiveError(UnsafeBufferPointer(start: bytes, count: Int(datagram.length)), slot: slot)
            case 1 where isRequestPort, 2 where isRequestPort:
                // A request to a broadcast address is to be ignored without a word (RFC 1123 §4.2.3.5).
                guard datagram.destination == datagram.local, !datagram.is_truncated else {
                    counts.strays += 1
                    continue
                }
                receiveRequest(
                    Array(UnsafeBufferPointer(start: bytes, count: Int(datagram.length))), datagram: datagram,
                    listener: socket)
            default: counts.strays += 1
            }
        }
    }

    mutating func acknowledged(_ block: UInt16, slot: Int) {
        guard let action = transfers[slot]?.state.acknowledged(block), action != .ignore else { return }
        silences[slot] = now &+ Self.patience
        if transfers[slot]?.isActive == false, let terms = terms[slot] {
            transfers[slot]?.isActive = true
            if transfers[slot]?.answered == 0 { transfers[slot]?.answered = now }
            context.admission.answers(terms.subject.client, ticket: terms.ticket)
        }
        perform(action, slot: slot)
    }

    /// The transfer that a packet belongs to. One that belongs to none is dropped in silence, since its sender may be forged
    /// and an ERROR would go to somebody else.
    mutating func slot(of datagram: linux_datagram, on socket: Int) -> Int? {
        let key = UInt64(datagram.source) << 16 | UInt64(datagram.source_port)
        guard let slot = slots[key], transfers[slot]?.socket == socket else {
            counts.strays += 1
            return nil
        }
        return slot
    }

    mutating func receiveError(_ bytes: UnsafeBufferPointer<UInt8>, slot: Int) {
        guard case .error(let code, let message)? = try? TFTPPacket(decoding: Array(bytes)[...]) else {
            counts.strays += 1
            return
        }
        guard let subject = terms[slot]?.subject, let action = transfers[slot]?.state.received(code) else {
            return
        }
        switch action {
        case .decline: end(slot, .declined(subject))
        case .fail:
            let text = TFTPSubject.printable(Array(message.utf8))
            end(slot, .failed(subject, reason: .clientError(code, message: text)))
        case .ignore, .send, .sendOptions, .finish: break
        }
    }

    mutating func receiveRequest(_ bytes: [UInt8], datagram: linux_datagram, listener: Int) {
        let client = SocketEndpoint(address: IPv4Address(value: datagram.source), port: datagram.source_port)
        let server = IPv4Address(value: datagram.local)
        // Nothing can come from port 0, and an answer to it could not be sent.
        guard client.port != 0 else { return }
        var subject = TFTPSubject(name: "", client: client, server: server)
        func refused(_ code: TFTPErrorCode, _ reason: String) {
            context.record(.refused(subject, code: code, reason: reason))
        }
        do throws(TFTPPacketError) {
            switch try TFTPPacket(decoding: bytes[...]) {
            case .readRequest(let request):
                subject.name = TFTPSubject.printable(request.fileName)
                requests.yield(IncomingRequest(subject: subject, request: request, listener: listener, received: now))
            case .writeRequest(let request):
                subject.name = TFTPSubject.printable(request.fileName)
                let message = "nothing can be written here"
                refused(.accessViolation, message)
                refuse(client, from: server, listener: listener, code: .accessViolation, message: message)
            case .data, .acknowledgement, .error, .optionAcknowledgement: break
            }
        } catch {
            refused(.illegalOperation, "\(error)")
            refuse(client, from: server, listener: listener, code: .illegalOperation, message: "malformed request")
        }
    }
}

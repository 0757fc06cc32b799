import NetworkTypes
import TFTP

/// A transfer under way in a worker: what each packet of it looks at. It holds no reference, which would be counted each time.
struct Transfer {
    var state: ReadTransfer
    /// The client's endpoint as a number.
    let client: UInt64
    /// Which of our addresses packets are told to leave from: the one that was asked, or 0 if the socket is bound to it.
    let source: UInt32
    /// Which of the worker's sockets.
    let socket: Int
    /// Where the content is in memory, if it is; its ``TransferTerms`` keep it there.
    let memory: UnsafeRawPointer?
    /// Whether it waits for room in its socket.
    var isBlocked = false
    /// When the client first answered, in nanoseconds; 0 before.
    var answered: UInt64 = 0
    /// Whether the admission counts it among those whose client goes on.
    var isActive = false

    init(state: ReadTransfer, terms: TransferTerms) {
        self.state = state
        client = terms.client
        source = terms.source
        socket = terms.socket
        memory = terms.content.memory
    }
}

/// What stays the same during a transfer.
final class TransferTerms: Sendable {
    let subject: TFTPSubject
    let request: TFTPRequest
    let content: TFTPContent
    /// The client's endpoint as a number.
    let client: UInt64
    /// Which of the client port's transfers, for the admission.
    let ticket: UInt64
    /// Which of our addresses packets are told to leave from: the one that was asked, or 0 if the socket is bound to it.
    let source: UInt32
    /// Which of the worker's sockets.
    let socket: Int
    /// The OACK; empty if there is none.
    let options: [UInt8]
    /// When it began, in nanoseconds.
    let began: UInt64

    init(_ starting: StartingTransfer, socket: Int, source: UInt32, began: UInt64) {
        subject = starting.subject
        request = starting.request
        content = starting.content
        client = starting.subject.client.key
        ticket = starting.ticket
        self.source = source
        self.socket = socket
        let accepted = starting.terms.accepted
        options = accepted.isEmpty ? [] : TFTPPacket.optionAcknowledgement(accepted).encode()
        self.began = began
    }
}

/// The four bytes before the payload of a DATA packet.
func writeDataHeader(_ block: UInt64, to output: UnsafeMutablePointer<UInt8>) {
    output[0] = 0
    output[1] = 3
    output[2] = UInt8(truncatingIfNeeded: block >> 8)
    output[3] = UInt8(truncatingIfNeeded: block)
}

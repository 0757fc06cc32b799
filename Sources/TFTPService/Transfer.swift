import NetworkTypes
import TFTP

/// A transfer under way in a worker.
struct Transfer {
    var state: ReadTransfer
    let terms: TransferTerms
    /// For small windows, so that not every packet is a read of its own.
    var ahead: ReadAhead?
    /// Whether it waits for room in its socket.
    var isBlocked = false
    /// Whether the admission counts it among those whose client goes on.
    var isActive = false
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
    /// Which of our addresses packets leave from: the one that was asked.
    let source: UInt32
    /// Which of the worker's sockets.
    let socket: Int
    let blockSize: Int
    /// The OACK; empty if there is none.
    let options: [UInt8]
    /// When it began, in nanoseconds.
    let began: UInt64

    init(_ starting: StartingTransfer, socket: Int, began: UInt64) {
        subject = starting.subject
        request = starting.request
        content = starting.content
        client = starting.subject.client.key
        ticket = starting.ticket
        source = starting.subject.server.value
        self.socket = socket
        blockSize = starting.terms.blockSize
        let accepted = starting.terms.accepted
        options = accepted.isEmpty ? [] : TFTPPacket.optionAcknowledgement(accepted).encode()
        self.began = began
    }
}

/// A piece of content in memory, from which the packets of small windows are made.
final class ReadAhead {
    /// Bytes in a buffer: 16 blocks of lock-step. A worker has 512 buffers at most.
    static let size = 8 << 10

    private let content: TFTPContent
    private let buffer: UnsafeMutablePointer<UInt8>
    private var held: Range<UInt64> = 0..<0

    init(content: TFTPContent) {
        self.content = content
        buffer = .allocate(capacity: Self.size)
    }

    deinit { buffer.deallocate() }

    /// The same as the content's; `range` is no longer than the buffer.
    func writePackets(
        first: UInt64, count: Int, blockSize: Int, range: Range<UInt64>, to output: UnsafeMutablePointer<UInt8>
    ) throws(TFTPContentError) -> Int {
        if range.lowerBound < held.lowerBound || range.upperBound > held.upperBound {
            let wanted = range.lowerBound..<min(content.length, range.lowerBound + UInt64(Self.size))
            held = 0..<0
            try content.read(wanted, to: buffer)
            held = wanted
        }
        var next = output
        var source = buffer + Int(range.lowerBound - held.lowerBound)
        var left = Int(range.upperBound - range.lowerBound)
        for index in 0..<UInt64(count) {
            let payload = min(blockSize, left)
            writeDataHeader(first &+ index, to: next)
            (next + 4).update(from: source, count: payload)
            next += 4 + payload
            source += payload
            left -= payload
        }
        return next - output
    }
}

/// The four bytes before the payload of a DATA packet.
func writeDataHeader(_ block: UInt64, to output: UnsafeMutablePointer<UInt8>) {
    output[0] = 0
    output[1] = 3
    output[2] = UInt8(truncatingIfNeeded: block >> 8)
    output[3] = UInt8(truncatingIfNeeded: block)
}

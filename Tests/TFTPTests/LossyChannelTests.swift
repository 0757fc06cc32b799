import CodecTesting
import TFTP
import Testing

/// A client of RFC 7440 that keeps what comes in order, acknowledges at the end of a window, at the end of the file and at
/// the first sign of a gap, and repeats its last acknowledgement when it hears nothing.
private struct ModelClient {
    let blockSize: Int
    let windowSize: Int
    var received: [UInt8] = []
    var blocks: UInt64 = 0
    var inWindow = 0
    var reportedGap = false
    var done = false

    mutating func take(block: UInt16, _ bytes: ArraySlice<UInt8>) -> UInt16? {
        guard block == UInt16(truncatingIfNeeded: blocks + 1), !done else {
            if done { return UInt16(truncatingIfNeeded: blocks) }
            defer { reportedGap = true }
            inWindow = 0
            return reportedGap ? nil : UInt16(truncatingIfNeeded: blocks)
        }
        received += bytes
        blocks += 1
        inWindow += 1
        reportedGap = false
        done = bytes.count < blockSize
        guard done || inWindow == windowSize else { return nil }
        inWindow = 0
        return UInt16(truncatingIfNeeded: blocks)
    }
}

/// One run of a transfer over a channel that loses, doubles, delays and so reorders, in simulated milliseconds.
private struct LossyRun {
    enum Packet { case options, data(UInt64), acknowledgement(UInt16) }

    var generator: SeededGenerator
    var loss: Int  // per cent
    var now = 0
    var queue: [(at: Int, packet: Packet)] = []
    var dataPackets = 0

    mutating func post(_ packet: Packet) {
        let copies = Int.random(in: 0..<100, using: &generator) < loss / 2 ? 2 : 1
        for _ in 0..<copies where Int.random(in: 0..<100, using: &generator) >= loss {
            let delay =
                1 + (Int.random(in: 0..<100, using: &generator) < loss ? Int.random(in: 0..<20, using: &generator) : 0)
            let at = now + delay
            let index = queue.firstIndex { $0.at > at } ?? queue.endIndex
            queue.insert((at, packet), at: index)
        }
    }

    mutating func run(_ content: [UInt8], blockSize: Int, windowSize: Int) -> (
        client: [UInt8], end: ReadTransfer.Action
    ) {
        let terms = Negotiation(
            of: [.init("blksize", "\(blockSize)"), .init("windowsize", "\(windowSize)")], length: UInt64(content.count))
        var transfer = ReadTransfer(
            length: UInt64(content.count), negotiation: terms,
            retry: RetryPolicy(interval: .growing(milliseconds: 100), limit: 30))
        var client = ModelClient(blockSize: blockSize, windowSize: windowSize)
        var serverTimer = 0
        var clientTimer = 150
        var begun = false
        var action = transfer.start()
        while true {
            switch action {
            case .ignore: break
            case .sendOptions(let timeout):
                serverTimer = now + Int(timeout / .milliseconds(1))
                post(.options)
            case .send(let blocks, let timeout):
                serverTimer = now + Int(timeout / .milliseconds(1))
                for block in blocks {
                    dataPackets += 1
                    post(.data(block))
                }
            case .finish, .decline, .fail: return (client.received, action)
            }
            action = .ignore
            let next = queue.first?.at ?? .max
            if next <= min(serverTimer, clientTimer) {
                now = next
                switch queue.removeFirst().packet {
                case .options:
                    begun = true
                    if client.blocks == 0 { post(.acknowledgement(0)) }
                    clientTimer = now + 150
                case .data(let block):
                    let range = transfer.bytes(of: block...block)
                    let bytes = content[Int(range.lowerBound)..<Int(range.upperBound)]
                    if let number = client.take(block: UInt16(truncatingIfNeeded: block), bytes) {
                        post(.acknowledgement(number))
                    }
                    clientTimer = now + 150
                case .acknowledgement(let number): action = transfer.acknowledged(number)
                }
            } else if clientTimer <= serverTimer {
                now = clientTimer
                clientTimer = now + 150
                if begun { post(.acknowledgement(UInt16(truncatingIfNeeded: client.blocks))) }
            } else {
                now = serverTimer
                action = transfer.timedOut()
            }
        }
    }
}

@Suite struct LossyChannelTests {
    static let cases: [(seed: UInt64, loss: Int, block: Int, window: Int, length: Int)] = (1...40).map { seed in
        (
            UInt64(seed), [0, 5, 15, 25][seed % 4], [8, 512, 1468][seed % 3], [1, 2, 4, 16, 32][seed % 5],
            [0, 4096, 30_001][seed % 3]
        )
    }

    @Test(arguments: cases)
    func contentArrivesWhole(run: (seed: UInt64, loss: Int, block: Int, window: Int, length: Int)) {
        var generator = SeededGenerator(seed: run.seed)
        let content = (0..<run.length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        var channel = LossyRun(generator: generator, loss: run.loss)
        let (received, end) = channel.run(content, blockSize: run.block, windowSize: run.window)
        #expect(received == content)
        #expect(end == .finish || run.loss > 0, "without loss the server learns of the end: \(end)")
        let blocks = content.count / run.block + 1
        if run.loss == 0 { #expect(channel.dataPackets == blocks) }
        // No storm: a lossy channel costs a multiple that does not depend on the length.
        #expect(channel.dataPackets <= blocks * 6 + 40 * run.window)
    }

    @Test func doubledAcknowledgementsDoNotDoubleTheBlocks() {
        // The Sorcerer's Apprentice: every acknowledgement arrives twice, and every block is still sent once.
        var transfer = ReadTransfer(length: 512 * 1000, negotiation: Negotiation(of: [], length: 512 * 1000))
        var sent = 0
        var action = transfer.start()
        while case .send(let blocks, _) = action {
            sent += blocks.count
            let number = UInt16(truncatingIfNeeded: blocks.upperBound)
            action = transfer.acknowledged(number)
            if action != .finish { #expect(transfer.acknowledged(number) == .ignore) }
        }
        #expect(action == .finish)
        #expect(sent == 1001)
    }

    @Test func contentPast65535BlocksArrivesOverALossyChannel() {
        let content = (0..<(8 * 70_000)).map { UInt8(truncatingIfNeeded: $0 / 8 &* 31) }
        var channel = LossyRun(generator: SeededGenerator(seed: 7), loss: 1)
        let (received, _) = channel.run(content, blockSize: 8, windowSize: 16)
        #expect(received == content)
    }
}

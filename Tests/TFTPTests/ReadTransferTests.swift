import TFTP
import Testing

@Suite struct ReadTransferTests {
    private func transfer(_ length: UInt64, _ options: [TransferOption] = []) -> ReadTransfer {
        ReadTransfer(length: length, negotiation: Negotiation(of: options, length: length))
    }

    @Test func lockStepSendsBlockAfterBlock() {
        var transfer = transfer(1025)
        #expect(transfer.start() == .send(blocks: 1...1, timeout: .seconds(1)))
        #expect(transfer.acknowledged(1) == .send(blocks: 2...2, timeout: .seconds(1)))
        #expect(transfer.acknowledged(2) == .send(blocks: 3...3, timeout: .seconds(1)))
        #expect(transfer.bytes(of: 3...3) == 1024..<1025)
        #expect(transfer.acknowledged(3) == .finish)
        #expect(transfer.acknowledged(3) == .ignore)
        #expect(transfer.timedOut() == .ignore)
    }

    @Test(arguments: [(0, 1), (1, 1), (511, 1), (512, 2), (513, 2), (1024, 3)] as [(UInt64, UInt64)])
    func fullLastBlockIsFollowedByAnEmptyOne(length: UInt64, blocks: UInt64) {
        let transfer = transfer(length)
        #expect(transfer.lastBlock == blocks)
        let last = transfer.bytes(of: blocks...blocks)
        #expect(last.upperBound == length)
        #expect(last.count == Int(length % 512))
    }

    @Test func optionsAwaitAcknowledgementOfZero() {
        var transfer = transfer(600, [.init("tsize", "0")])
        #expect(transfer.start() == .sendOptions(timeout: .seconds(1)))
        #expect(!transfer.hasBegun)
        #expect(transfer.acknowledged(1) == .ignore)
        #expect(transfer.acknowledged(0) == .send(blocks: 1...1, timeout: .seconds(1)))
        #expect(transfer.hasBegun)
        #expect(transfer.acknowledged(0) == .ignore)
    }

    @Test(arguments: [TFTPErrorCode.optionNegotiation, .undefined])
    func errorAfterTheOptionsIsANormalEnd(code: TFTPErrorCode) {
        var transfer = transfer(600, [.init("tsize", "0")])
        _ = transfer.start()
        #expect(transfer.received(code) == .decline)
        #expect(transfer.acknowledged(0) == .ignore)
    }

    @Test func errorInTheMiddleIsAFailure() {
        var early = transfer(600, [.init("tsize", "0")])
        _ = early.start()
        #expect(early.received(.diskFull) == .fail(.clientError(.diskFull)))
        var late = transfer(600, [.init("tsize", "0")])
        _ = late.start()
        _ = late.acknowledged(0)
        #expect(late.received(.optionNegotiation) == .fail(.clientError(.optionNegotiation)))
    }

    @Test func duplicateAcknowledgementSendsNothing() {
        var transfer = transfer(5000)
        _ = transfer.start()
        #expect(transfer.acknowledged(1) == .send(blocks: 2...2, timeout: .seconds(1)))
        #expect(transfer.acknowledged(1) == .ignore)
        #expect(transfer.acknowledged(0) == .ignore)
        #expect(transfer.acknowledged(3) == .ignore)
        #expect(transfer.acknowledged(65535) == .ignore)
        #expect(transfer.acknowledged(2) == .send(blocks: 3...3, timeout: .seconds(1)))
    }

    @Test func gapResumesBehindTheLastBlockInOrder() {
        var transfer = transfer(512 * 100, [.init("windowsize", "8")])
        _ = transfer.start()
        #expect(transfer.acknowledged(0) == .send(blocks: 1...8, timeout: .seconds(1)))
        #expect(transfer.acknowledged(3) == .send(blocks: 4...11, timeout: .seconds(1)))
        #expect(transfer.acknowledged(3) == .ignore)
        #expect(transfer.acknowledged(12) == .ignore)
        #expect(transfer.acknowledged(11) == .send(blocks: 12...19, timeout: .seconds(1)))
    }

    @Test func windowEndsWithTheFile() {
        var transfer = transfer(512 * 4 + 1, [.init("windowsize", "4")])
        _ = transfer.start()
        #expect(transfer.acknowledged(0) == .send(blocks: 1...4, timeout: .seconds(1)))
        #expect(transfer.acknowledged(4) == .send(blocks: 5...5, timeout: .seconds(1)))
        #expect(transfer.acknowledged(5) == .finish)
    }

    @Test func retransmissionsGrowSlowerAndEnd() {
        var transfer = transfer(512 * 10, [.init("windowsize", "4")])
        _ = transfer.start()
        _ = transfer.acknowledged(0)
        for seconds in 2...6 {
            #expect(transfer.timedOut() == .send(blocks: 1...4, timeout: .seconds(seconds)))
        }
        #expect(transfer.timedOut() == .fail(.noAnswer))
        #expect(transfer.retransmissions == 5)
        #expect(transfer.timedOut() == .ignore)
    }

    @Test func progressGivesFreshRetransmissions() {
        var transfer = transfer(5000)
        _ = transfer.start()
        for _ in 0..<5 { _ = transfer.timedOut() }
        #expect(transfer.acknowledged(1) == .send(blocks: 2...2, timeout: .seconds(1)))
        #expect(transfer.timedOut() == .send(blocks: 2...2, timeout: .seconds(2)))
    }

    @Test func requestedTimeoutCountsFromTheFirstAnswerOn() {
        var transfer = transfer(5000, [.init("timeout", "7")])
        #expect(transfer.start() == .sendOptions(timeout: .seconds(1)))
        #expect(transfer.timedOut() == .sendOptions(timeout: .seconds(2)))
        #expect(transfer.acknowledged(0) == .send(blocks: 1...1, timeout: .seconds(7)))
        #expect(transfer.timedOut() == .send(blocks: 1...1, timeout: .seconds(7)))
    }

    /// The sender may be forged: a request must not choose how long it is kept.
    @Test func aRequestThatIsNeverAnsweredIsGivenUpByTheServersOwnTimer() {
        var transfer = transfer(5000, [.init("timeout", "30")])
        var kept = Duration.zero
        var action = transfer.start()
        while case .sendOptions(let timeout) = action {
            kept += timeout
            action = transfer.timedOut()
        }
        #expect(action == .fail(.noAnswer))
        #expect(kept == .seconds(21))
    }

    @Test func repeatedRequestRepeatsOnlyTheFirstAnswer() {
        var transfer = transfer(5000)
        _ = transfer.start()
        #expect(transfer.requestRepeated() == .send(blocks: 1...1, timeout: .seconds(1)))
        _ = transfer.acknowledged(1)
        #expect(transfer.requestRepeated() == .ignore)
    }

    @Test func blockNumbersWrapToZero() {
        var transfer = transfer(8 * 200_000, [.init("blksize", "8"), .init("windowsize", "32")])
        _ = transfer.start()
        var action = transfer.acknowledged(0)
        var expected: UInt64 = 1
        while case .send(let blocks, _) = action {
            #expect(blocks.lowerBound == expected)
            expected = blocks.upperBound + 1
            action = transfer.acknowledged(UInt16(truncatingIfNeeded: blocks.upperBound))
        }
        #expect(action == .finish)
        #expect(expected == 200_002)
    }

    @Test func absurdLengthsDoNotOverflow() {
        var transfer = transfer(.max, [.init("blksize", "8")])
        _ = transfer.start()
        #expect(transfer.lastBlock == UInt64.max / 8 + 1)
        #expect(transfer.bytes(of: transfer.lastBlock...transfer.lastBlock) == (UInt64.max - 7)..<UInt64.max)
        #expect(transfer.bytes(of: 0...UInt64.max).lowerBound == 0)
    }
}

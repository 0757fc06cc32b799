import NetworkTypes
import Testing

@testable import BootPlans

@Suite struct AwaitedDeliveriesTests {
    private let first = MACAddress(value: 0x5254_0000_0001)
    private let second = MACAddress(value: 0x5254_0000_0002)

    private func address(_ value: UInt32) -> IPv4Address { IPv4Address(value: value) }

    @Test func theLastAreKeptWhenThereIsNoRoom() {
        let awaited = AwaitedDeliveries(capacity: 3)
        for number in 1...5 as ClosedRange<UInt32> { awaited.expect(first, at: address(number)) }
        #expect((1...5).map { awaited.fulfil(first, at: address($0)) } == [false, false, true, true, true])
        #expect(!awaited.fulfil(first, at: address(5)), "it has been delivered")
    }

    @Test func anAddressWaitsForItsLastMachine() {
        let awaited = AwaitedDeliveries()
        awaited.expect(first, at: address(1))
        awaited.expect(second, at: address(1))
        #expect(!awaited.fulfil(first, at: address(1)))
        #expect(awaited.fulfil(second, at: address(1)))
    }

    @Test func whatIsLongAgoIsForgotten() {
        let awaited = AwaitedDeliveries()
        let start = ContinuousClock.now
        awaited.expect(first, at: address(1), now: start)
        #expect(!awaited.fulfil(first, at: address(1), now: start + AwaitedDeliveries.lifetime))
        awaited.expect(first, at: address(1), now: start)
        #expect(awaited.fulfil(first, at: address(1), now: start + .seconds(600)))
    }
}

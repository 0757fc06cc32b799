import Foundation
import NetworkTypes
import Testing

@testable import BootPlans

@Suite struct AwaitedDeliveriesTests {
    private let first = NotedMachine(MACAddress(value: 0x5254_0000_0001))
    private let second = NotedMachine(MACAddress(value: 0x5254_0000_0002))

    private func address(_ value: UInt32) -> IPv4Address { IPv4Address(value: value) }

    private static let path =
        "/image/376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba/v1.13.5/initramfs-amd64.xz"

    private func part(_ range: Range<UInt64> = 0..<100, of path: String = Self.path) -> DeliveredPart {
        DeliveredPart(path: path, range: range, length: 100)
    }

    @Test func theLastAreKeptWhenThereIsNoRoom() {
        let awaited = AwaitedDeliveries(capacity: 3)
        for number in 1...5 as ClosedRange<UInt32> { awaited.expect(first, at: address(number), initramfs: Self.path) }
        #expect(
            (1...5).map { awaited.fulfil(part(), to: first.mac, at: address($0)) != nil } == [
                false, false, true, true, true,
            ])
        #expect(awaited.fulfil(part(), to: first.mac, at: address(5)) == nil, "it has been delivered")
    }

    @Test func anAddressWaitsForItsLastMachine() {
        let awaited = AwaitedDeliveries()
        awaited.expect(first, at: address(1), initramfs: Self.path)
        awaited.expect(second, at: address(1), initramfs: Self.path)
        #expect(awaited.fulfil(part(), to: first.mac, at: address(1)) == nil)
        #expect(awaited.fulfil(part(), to: second.mac, at: address(1)) == second)
    }

    @Test func whatIsLongAgoIsForgotten() {
        let awaited = AwaitedDeliveries()
        let start = ContinuousClock.now
        awaited.expect(first, at: address(1), initramfs: Self.path, now: start)
        #expect(awaited.fulfil(part(), to: first.mac, at: address(1), now: start + AwaitedDeliveries.lifetime) == nil)
        awaited.expect(first, at: address(1), initramfs: Self.path, now: start)
        #expect(awaited.fulfil(part(), to: first.mac, at: address(1), now: start + .seconds(600)) == first)
    }

    @Test(
        arguments: [
            ([0..<100], true), ([0..<99], false), ([1..<100], false), ([99..<100], false), ([0..<40, 40..<100], true),
            ([0..<40, 41..<100], false), ([40..<100, 0..<40], false), ([0..<40, 20..<60, 10..<20, 60..<100], true),
            ([], false),
        ] as [([Range<UInt64>], Bool)])
    func allOfItHasBeenSent(ranges: [Range<UInt64>], isAll: Bool) {
        let awaited = AwaitedDeliveries()
        awaited.expect(first, at: address(1), initramfs: Self.path)
        #expect(ranges.map { awaited.fulfil(part($0), to: first.mac, at: address(1)) != nil }.contains(true) == isAll)
    }

    @Test func anotherAssetEndsNothing() {
        let awaited = AwaitedDeliveries()
        awaited.expect(first, at: address(1), initramfs: Self.path)
        for (old, new) in [("v1.13.5", "v1.13.4"), ("amd64", "arm64"), ("376567", "376568")] {
            let other = Self.path.replacingOccurrences(of: old, with: new)
            #expect(awaited.fulfil(part(of: other), to: first.mac, at: address(1)) == nil, "\(other)")
        }
        #expect(awaited.fulfil(part(), to: first.mac, at: address(1)) == first)
    }
}

import Logging
import NetworkTypes
import Synchronization
import Testing
import Timelines

@testable import Assembly

@Suite struct NeighbourTests {
    private static let machine = MACAddress(value: 0x5254_0012_3456)
    private static let other = MACAddress(value: 0x5254_0000_0001)
    private let address = IPv4Address(value: 0x0a4d_000c)

    private func observer(
        _ place: AddressPlace, trusted: [String] = [], interfaces: [String] = []
    ) throws -> NeighbourObserver {
        let trusted = try trusted.map { try IPv4Network(parsing: $0) }
        let observer = NeighbourObserver(
            timeline: BootTimeline(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
            trusts: { address in trusted.contains { $0.contains(address) } }, interfaces: interfaces,
            place: { _ in place })
        // What anybody may say.
        observer.learned(address, of: Self.machine)
        return observer
    }

    @Test(
        arguments: [
            (AddressPlace.link(interface: "eth0", Self.machine), [], [], true),
            (.link(interface: "eth0", Self.machine), [], ["eth1", "eth0"], true),
            (.link(interface: "eth0", Self.machine), [], ["eth1"], false),
            (.link(interface: "eth0", Self.machine), ["10.77.0.0/16"], ["eth1"], true),
            (.link(interface: "eth0", Self.other), ["10.77.0.0/16"], [], false),
            (.link(interface: "eth0", nil), ["10.77.0.0/16"], [], false),
            (.beyondRouter, [], [], false), (.beyondRouter, ["10.78.0.0/16"], [], false),
            (.beyondRouter, ["10.78.0.0/16", "10.77.0.0/24"], [], true), (.beyondRouter, ["0.0.0.0/0"], ["eth0"], true),
            (.ownHost, ["10.77.0.0/16"], [], false), (.nowhere, ["10.77.0.0/16"], [], false),
        ] as [(AddressPlace, [String], [String], Bool)])
    func whatWasHeardProvesNothing(
        place: AddressPlace, trusted: [String], interfaces: [String], isProven: Bool
    ) async throws {
        let proof = await (try observer(place, trusted: trusted, interfaces: interfaces)).proof(of: address)
        #expect((proof == .machine(Self.machine)) == isProven, "\(proof)")
    }

    @Test func storiesAreNamedByTheNeighbourAndElseByWhatWasHeard() throws {
        #expect(try observer(.link(interface: "eth0", Self.other)).machine(at: address) == Self.other)
        for place in [AddressPlace.link(interface: "eth0", nil), .beyondRouter, .ownHost, .nowhere] {
            #expect(try observer(place).machine(at: address) == Self.machine)
        }
    }

    @Test func theKernelIsNotAskedForEachRequest() throws {
        let asked = Mutex(0)
        let observer = NeighbourObserver(
            timeline: BootTimeline(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
            trusts: { _ in false },
            interfaces: [], now: { [now = ContinuousClock.now] in now },
            place: { _ in
                asked.withLock { $0 += 1 }
                return .link(interface: "eth0", nil)
            })
        for _ in 0..<1000 { _ = observer.machine(at: address) }
        #expect(asked.withLock { $0 } == 1, "unknown addresses are remembered as well as known ones")
    }

    /// What the tests below say of two addresses at a time that they choose.
    private final class World: Sendable {
        let places = Mutex<[IPv4Address: AddressPlace]>([:])
        let elapsed = Mutex(Duration.zero)
        private let start = ContinuousClock.now

        func observer(of machine: MACAddress, heardAt far: IPv4Address, interfaces: [String] = []) -> NeighbourObserver
        {
            let observer = NeighbourObserver(
                timeline: BootTimeline(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
                trusts: { IPv4Network(of: far, mask: IPv4Address(value: 0xffff_ff00)).contains($0) },
                interfaces: interfaces, now: { self.start + self.elapsed.withLock { $0 } },
                place: { address in self.places.withLock { $0[address] ?? .nowhere } })
            observer.learned(far, of: machine)
            return observer
        }
    }

    private static let near = IPv4Address(value: 0x0a4d_000c)
    private static let far = IPv4Address(value: 0x0a01_0009)

    @Test(arguments: [true, false]) func aMachineThatIsOnALinkIsNotBeyondARouter(byProof: Bool) async throws {
        let world = World()
        world.places.withLock { $0 = [Self.near: .link(interface: "eth0", Self.machine), Self.far: .beyondRouter] }
        let observer = world.observer(of: Self.machine, heardAt: Self.far)
        #expect(await observer.proof(of: Self.far) == .machine(Self.machine), "nobody has seen it elsewhere")
        // It asks for its configuration, or for its kernel.
        if byProof {
            #expect(await observer.proof(of: Self.near) == .machine(Self.machine))
        } else {
            #expect(observer.machine(at: Self.near) == Self.machine)
        }
        world.elapsed.withLock { $0 += .seconds(299) }
        guard case .none(let reason) = await observer.proof(of: Self.far) else {
            Issue.record("what was heard counts for more than what is seen")
            return
        }
        #expect(reason.contains("\(Self.near)") && reason.contains("300 seconds"), "\(reason)")
        #expect(await observer.proof(of: Self.near) == .machine(Self.machine))
        // Seen once more, it stays so long again; then it may have moved.
        world.elapsed.withLock { $0 += .seconds(299) }
        #expect(await observer.proof(of: Self.far) != .machine(Self.machine))
        world.elapsed.withLock { $0 += .seconds(2) }
        #expect(await observer.proof(of: Self.far) == .machine(Self.machine))
    }

    @Test(
        arguments: [
            .link(interface: "eth0", nil), .link(interface: "eth0", Self.other), .nowhere, .beyondRouter,
        ] as [AddressPlace])
    func aMachineThatHasLeftItsLinkMayBeBeyondARouter(place: AddressPlace) async throws {
        let world = World()
        world.places.withLock { $0 = [Self.near: .link(interface: "eth0", Self.machine), Self.far: .beyondRouter] }
        let observer = world.observer(of: Self.machine, heardAt: Self.far)
        #expect(await observer.proof(of: Self.near) == .machine(Self.machine))
        world.places.withLock { $0[Self.near] = place }
        #expect(await observer.proof(of: Self.far) == .machine(Self.machine))
    }

    @Test func whatIsSeenWhereNoMachinesBootLocksNobodyOut() async throws {
        let world = World()
        world.places.withLock { $0 = [Self.near: .link(interface: "docker0", Self.machine), Self.far: .beyondRouter] }
        let observer = world.observer(of: Self.machine, heardAt: Self.far, interfaces: ["eth0"])
        #expect(observer.machine(at: Self.near) == Self.machine)
        #expect(await observer.proof(of: Self.near) != .machine(Self.machine))
        #expect(await observer.proof(of: Self.far) == .machine(Self.machine))
    }

    @Test func theLoopbackIsThisHost() {
        #expect(AddressPlace.find(.loopback) == .ownHost)
        #expect(AddressPlace.find(IPv4Address(value: 0x7f01_0203)) == .ownHost)
        for odd in [0 as UInt32, 0xffff_ffff, 0xe000_0001] {
            let place = AddressPlace.find(IPv4Address(value: odd))
            if case .link(_, .some) = place { Issue.record("\(place)") }
        }
    }

    @Test(
        arguments: [
            [], [1, 0], [3, 0, 1, 0], [255, 255, 1, 0], [8, 0, 1, 0, 1, 2, 3], [4, 0, 1, 0, 9],
            [8, 0, 1, 0, 1, 2, 3, 4, 5, 0, 2, 0, 7],
        ] as [[UInt8]])
    func answersThatDoNotAddUpAreNone(attributes: [UInt8]) {
        #expect(NetlinkQuestion.Answer(([0] + attributes)[1...], fixedLength: attributes.count + 1) == nil)
        let answer = NetlinkQuestion.Answer(([9, 9, 9] + attributes)[1...], fixedLength: 2)
        #expect(answer?.fixed ?? [9, 9] == [9, 9])
    }

    @Test func attributesAreReadByNumber() throws {
        let bytes: [UInt8] = [0, 7, 7, 8, 0, 1, 0, 1, 2, 3, 4, 7, 0, 2, 0, 5, 6, 7, 0, 4, 0, 3, 0]
        // The header's numbers are little-endian here and on every machine that Talos runs on.
        let answer = try #require(NetlinkQuestion.Answer(bytes[1...], fixedLength: 2))
        #expect(answer.attributes == [1: [1, 2, 3, 4], 2: [5, 6, 7], 3: []])
    }
}

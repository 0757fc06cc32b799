import NetworkTypes
import Testing

@testable import TFTPService

@Suite struct AdmissionTests {
    private func client(_ host: UInt32, _ port: UInt16 = 1) -> SocketEndpoint {
        SocketEndpoint(address: IPv4Address(value: 0x0a00_0000 + host), port: port)
    }

    /// Lets a request in, up to its transfer's first answer.
    private func start(_ client: SocketEndpoint, in admission: Admission) throws -> (UInt64, Admission.Displaced?) {
        guard case .admitted(let ticket, let displaced) = admission.request(from: client) else {
            throw NotAdmitted()
        }
        admission.waits(client, ticket: ticket)
        return (ticket, displaced)
    }

    private struct NotAdmitted: Error {}

    @Test func theOldestThatWaitsGivesWayFirstThenWhoIsSilent() throws {
        let admission = Admission(limit: 4, clientLimit: 8)
        let tickets = try (0..<4).map { try start(client($0), in: admission).0 }
        admission.answers(client(0), ticket: tickets[0])
        admission.answers(client(1), ticket: tickets[1])
        admission.fellSilent(client(1), ticket: tickets[1])
        var displaced: [SocketEndpoint?] = []
        var later: [UInt64] = []
        for host in 4..<7 {
            let (ticket, gone) = try start(client(UInt32(host)), in: admission)
            admission.answers(client(UInt32(host)), ticket: ticket)
            displaced.append(gone?.client)
            later.append(ticket)
        }
        #expect(displaced == [client(2), client(3), client(1)])
        #expect(admission.count == 4)
        #expect(admission.request(from: client(9)) == .serverLimit)
        // One that is heard of again keeps its place.
        admission.fellSilent(client(4), ticket: later[0])
        admission.answers(client(4), ticket: later[0])
        #expect(admission.request(from: client(9)) == .serverLimit)
        admission.fellSilent(client(5), ticket: later[1])
        #expect(try start(client(9), in: admission).1?.client == client(5))
    }

    @Test func whatIsBeingOpenedGivesWayToNobody() {
        let admission = Admission(limit: 2, clientLimit: 1)
        guard case .admitted = admission.request(from: client(1)), case .admitted = admission.request(from: client(2))
        else {
            Issue.record("not admitted")
            return
        }
        #expect(admission.request(from: client(1)) == .repeated)
        #expect(admission.request(from: client(3)) == .serverLimit)
        #expect(admission.request(from: client(1, 2)) == .clientLimit)
    }

    @Test func aTicketOfEarlierReleasesNothing() throws {
        let admission = Admission(limit: 1, clientLimit: 8)
        let (old, _) = try start(client(1), in: admission)
        let (second, displaced) = try start(client(2), in: admission)
        #expect(displaced == Admission.Displaced(client: client(1), ticket: old))
        let (third, _) = try start(client(1), in: admission)
        #expect(third != old)
        // The worker hears of both late.
        admission.release(client(1), ticket: old)
        admission.answers(client(2), ticket: second)
        admission.abandon(client(2), ticket: second)
        #expect(admission.count == 1)
        admission.release(client(1), ticket: third)
        #expect(admission.count == 0)
    }

    @Test func aPlaceThatWasAskedForAgainIsKept() throws {
        let admission = Admission(limit: 10, clientLimit: 1)
        let (ticket, _) = try start(client(1), in: admission)
        #expect(admission.request(from: client(1)) == .admitted(ticket: ticket, displaced: nil))
        admission.release(client(1), ticket: ticket)
        #expect(admission.count == 1)
        admission.abandon(client(1), ticket: ticket)
        #expect(admission.count == 0)
        // Of a request that comes to nothing, the older transfer goes on.
        let (next, _) = try start(client(1), in: admission)
        admission.answers(client(1), ticket: next)
        _ = admission.request(from: client(1))
        admission.abandon(client(1), ticket: next)
        #expect(admission.count == 1)
        #expect(admission.request(from: client(1, 2)) == .clientLimit)
    }

    @Test func manyRequestsLeaveNothingBehind() throws {
        let admission = Admission(limit: 16, clientLimit: 2)
        for round in 0..<20_000 {
            let (ticket, displaced) = try start(client(UInt32(round % 1000), UInt16(round / 1000)), in: admission)
            #expect((displaced == nil) == (round < 16 || admission.count < 16))
            if round % 3 == 0 { admission.answers(client(UInt32(round % 1000), UInt16(round / 1000)), ticket: ticket) }
            if round % 3 == 0 {
                admission.fellSilent(client(UInt32(round % 1000), UInt16(round / 1000)), ticket: ticket)
            }
        }
        #expect(admission.count == 16)
    }

    @Test func linesOfTheLogAreLimitedAndCounted() {
        let start = ContinuousClock.now
        let budget = LogBudget(burst: 3, perSecond: 2, now: start)
        #expect((0..<5).map { _ in budget.take(at: start) } == [0, 0, 0, nil, nil])
        #expect(budget.take(at: start + .milliseconds(500)) == 2)
        #expect(budget.take(at: start + .milliseconds(600)) == nil)
        #expect(budget.take(at: start + .seconds(3600)) == 1)
    }

    @Test(arguments: [
        ("1024", "0.0.0.0", 0, 1024), ("10.1.0.0/16=1418", "10.1.0.0", 16, 1418), ("1.2.3.4/32=8", "1.2.3.4", 32, 8),
    ])
    func blockSizesAreRead(text: String, address: String, length: Int, size: Int) throws {
        let limit = try #require(TFTPServer.BlockSizeLimit(parsing: text))
        #expect(limit.address.description == address && limit.prefixLength == length && limit.maximumBlockSize == size)
    }

    @Test(arguments: ["", "=", "7", "65465", "10.1.0.0=1400", "10.1.0.0/33=1400", "10.1.0.0/-1=1400", "x/8=1400", "+9"])
    func blockSizesThatAreNoneAreRefused(text: String) {
        #expect(TFTPServer.BlockSizeLimit(parsing: text) == nil)
    }
}

import Glibc
import Logging
import NIOCore
import NIOEmbedded
import ServerTesting
import Testing

@testable import Frontends

@Suite(.serialized) struct ConnectionsTests {
    @Test func nothingStaysRegisteredWhenARequestsWorkHasEnded() async throws {
        let channel = NIOAsyncTestingChannel()
        let end = try await channel.testingEventLoop.executeInContext {
            let end = ConnectionEnd()
            try channel.pipeline.syncOperations.addHandler(end)
            return NIOLoopBound(end, eventLoop: channel.eventLoop)
        }
        for _ in 0..<100 { #expect(try await ConnectionEnd.cancelling(on: channel) { 7 } == 7) }
        await #expect(throws: CancellationError.self) {
            try await ConnectionEnd.cancelling(on: channel) { throw CancellationError() }
        }
        #expect(try await channel.testingEventLoop.executeInContext { !end.value.isAwaited })

        let work = Task { try await ConnectionEnd.cancelling(on: channel) { try await Task.sleep(for: .seconds(60)) } }
        while try await channel.testingEventLoop.executeInContext({ !end.value.isAwaited }) { await Task.yield() }
        try await channel.close()
        await #expect(throws: CancellationError.self) { try await work.value }
        _ = try? await channel.finish()
    }

    /// The oldest of those that do nothing goes, then of those that stand still; never the newest.
    @Test func whatIsFullClosesTheIdlest() throws {
        let table = ConnectionTable(limits: ConnectionLimits(total: 4, perClient: 3))
        let clients = try (0..<3).map { ClientKey(try SocketAddress(ipAddress: "10.0.0.\($0)", port: 1)) }
        func open() throws -> EmbeddedChannel {
            let channel = EmbeddedChannel()
            try channel.connect(to: SocketAddress(ipAddress: "10.0.0.9", port: 2)).wait()
            return channel
        }
        let a = try (0..<5).map { _ in try open() }
        var places = [table.enter(a[0], from: clients[0]), table.enter(a[1], from: clients[0])]
        places.append(table.enter(a[2], from: clients[0]))
        table.note(places[0], busy: true)
        places.append(table.enter(a[3], from: clients[0]))
        #expect(a.map(\.isActive) == [true, false, true, true, true], "its client has too many; the busy one stays")
        #expect(table.count == 3)
        let b = try (0..<2).map { _ in try open() }
        let first = table.enter(b[0], from: clients[1])
        #expect(table.count == 4 && b[0].isActive)
        _ = table.enter(b[1], from: clients[2])
        #expect(a.map(\.isActive) == [true, false, false, true, true], "all together are too many")
        for place in places { table.leave(place) }
        #expect(table.count == 2)
        table.leave(first)
        #expect(table.count == 1)
        // Places are given again, and what was closed does not come back.
        for channel in a.suffix(2) { _ = table.enter(channel, from: clients[0]) }
        #expect(table.count == 3 && a[4].isActive)
    }

    @Test func aNewClientGetsInWhenAllPlacesAreTaken() async throws {
        let site = try Site()
        try await site.visit(limits: ConnectionLimits(total: 20, perClient: 10)) { port in
            var idle: [HTTPConnection] = []
            for _ in 0..<30 {
                let connection = try HTTPConnection(port: port)
                #expect(try connection.ask("GET", "/healthz").status == 200)
                idle.append(connection)
            }
            #expect(try idle[0].isEnded())
            for connection in idle.suffix(9) { #expect(try connection.ask("GET", "/healthz").status == 200) }
        }
    }

    /// A byte now and then kept such a connection open for ever.
    @Test func aBodyThatNobodyReadsEnds() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port, seconds: 30)
            try connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
            #expect(try connection.reply().status == 200)
            let hasEnded = holds {
                do { try connection.send("x") } catch { return true }
                usleep(300_000)
                return false
            }
            #expect(hasEnded)

            // One that arrives soon does no harm.
            let quick = try HTTPConnection(port: port)
            try quick.send("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
            #expect(try quick.reply().status == 200)
            try quick.send("hello")
            #expect(try quick.ask("GET", "/healthz").status == 200)

            // One that is large ends with the answer, and takes no more than may be on its way.
            let large = try HTTPConnection(port: port)
            try large.send("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\n")
            #expect(try large.reply().status == 200)
            var sent = 0
            while sent < 900_000_000 {
                do { try large.send([UInt8](repeating: 0, count: 1 << 18)) } catch { break }
                sent += 1 << 18
            }
            #expect(sent < 100_000_000, "\(sent)")
        }
    }

    @Test func whoAsksNoMoreIsLetGo() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port, seconds: 30)
            try connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            try connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try connection.reply().status == 200)
            #expect(try connection.isEnded(), "the second request is none")
            let hasEnded = holds {
                do { try connection.send("x") } catch { return true }
                usleep(300_000)
                return false
            }
            #expect(hasEnded)
        }
    }

    @Test func refusalsDoNotFillTheLog() throws {
        let log = LogLines()
        let logger = LogLines.logger(log)
        let refusals = RefusalLog()
        let channels = try (0..<2).map { index in
            let channel = EmbeddedChannel()
            try channel.connect(to: SocketAddress(ipAddress: "10.0.0.\(index + 1)", port: 2)).wait()
            return channel
        }
        for index in 0..<1000 {
            refusals.log(.notice, "refused", ["number": "\(index)"], of: channels[0], to: logger)
        }
        #expect(log.matching("refused number").count == 5)
        refusals.log(.notice, "refused", ["number": "other"], of: channels[1], to: logger)
        #expect(log.matching("number=other").count == 1)
        channels[0].embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(log.matching("left out of the log client=10.0.0.1 count=995").count == 1, "\(log.all)")
        channels[0].embeddedEventLoop.advanceTime(by: .seconds(100))
        #expect(log.all.count == 7)
    }
}

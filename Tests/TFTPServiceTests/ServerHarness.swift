import Foundation
import Logging
import NetworkTypes
import ProgramTesting
import ServerTesting
import Synchronization
import TFTP
import TFTPService

/// What a server reported, in order.
final class EventLog: Sendable {
    private let state = Mutex<[TFTPEvent]>([])

    func append(_ event: TFTPEvent) { state.withLock { $0.append(event) } }

    var events: [TFTPEvent] { state.withLock { $0 } }

    /// Waits until an event matches; nil when none does.
    func first<T>(_ match: (TFTPEvent) -> T?) async throws -> T? {
        var found: T?
        _ = try await comesTrue {
            found = events.lazy.compactMap(match).first
            return found != nil
        }
        return found
    }
}

/// Looks at a condition until it holds, without a thread of its own; false when that takes too long.
func comesTrue(_ condition: () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(patience)
    while !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try await Task.sleep(for: .milliseconds(10))
    }
    return true
}

/// A server on loopback at a port of the system's choice, for the time of `body`. It sends again later than others do, so that a
/// test that is held up does not see a packet twice.
func withServer<T>(
    _ tree: any TFTPTree, addresses: [IPv4Address] = [.loopback],
    configure: (inout TFTPServer.Settings) -> Void = { _ in },
    _ body: (TFTPServer, EventLog) async throws -> T
) async throws -> T {
    var settings = TFTPServer.Settings()
    settings.addresses = addresses
    settings.port = 0
    settings.retry = RetryPolicy(interval: .growing(milliseconds: 20_000))
    configure(&settings)
    let log = EventLog()
    let server = try TFTPServer(
        settings: settings, tree: tree, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        observer: log.append)
    let running = Task { try await server.run() }
    let result: T
    do {
        result = try await body(server, log)
    } catch {
        running.cancel()
        _ = try await running.value
        throw error
    }
    running.cancel()
    try await running.value
    return result
}

/// Runs a program off the cooperative pool; its exit status and what it wrote.
func runProgram(_ path: String, _ arguments: [String]) async throws -> (status: Int32, output: String) {
    let run = try await blocking { try ProgramRun(path, arguments) }
    return (run.status, String(decoding: run.output + run.errors, as: UTF8.self))
}

/// Bytes that differ from block to block.
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8 ^ $0 >> 16) }
}

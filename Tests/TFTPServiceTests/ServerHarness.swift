import Foundation
import Logging
import NetworkTypes
import Synchronization
import TFTPService

/// A folder of its own for one test, removed with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "tftp-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }
}

/// What a server reported, in order.
final class EventLog: Sendable {
    private let state = Mutex<[TFTPEvent]>([])

    func append(_ event: TFTPEvent) { state.withLock { $0.append(event) } }

    var events: [TFTPEvent] { state.withLock { $0 } }

    /// Waits until an event matches; nil when none does within five seconds.
    func first<T>(_ match: (TFTPEvent) -> T?) async throws -> T? {
        for _ in 0..<500 {
            if let found = events.lazy.compactMap(match).first { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }
}

/// A server on loopback at a port of the system's choice, for the time of `body`.
func withServer<T>(
    _ tree: any TFTPTree, addresses: [IPv4Address] = [.loopback],
    configure: (inout TFTPServer.Settings) -> Void = { _ in },
    _ body: (TFTPServer, EventLog) async throws -> T
) async throws -> T {
    var settings = TFTPServer.Settings()
    settings.addresses = addresses
    settings.port = 0
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
func runProgram(_ path: String, _ arguments: [String], input: String? = nil) async throws -> (
    status: Int32, output: String
) {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
            continuation.resume(
                with: Result {
                    let process = Process()
                    process.executableURL = URL(fileURLWithPath: path)
                    process.arguments = arguments
                    let pipe = Pipe()
                    process.standardOutput = pipe
                    process.standardError = pipe
                    process.standardInput = FileHandle.nullDevice
                    try process.run()
                    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                    process.waitUntilExit()
                    return (process.terminationStatus, output)
                })
        }
    }
}

/// Bytes that differ from block to block.
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8 ^ $0 >> 16) }
}

import Foundation
import Glibc
import ServerTesting
import Synchronization
import Testing

/// What one host can send without credentials, while another asks whether the daemon is well and the service manager waits for its
/// watchdog. The point is that nobody waits for a stranger's work, not how fast the machine is, so a thread that asks for nothing
/// but a moment of a processor is watched beside them.
@Suite(.serialized) struct StrangersWorkTests {
    /// What the stranger does.
    enum Attack: CaseIterable {
        /// A schematic with as many kernel arguments as fit, and its command line in every form.
        case manyArguments
        /// The same, with arguments that take away.
        case manyRemovals
        /// One extension named again and again.
        case oneExtensionManyTimes
        /// Small bodies whose canonical text is large.
        case nestedBodies
        /// Bodies that never end.
        case unfinishedBodies
        /// The list of machines, full and unread.
        case unreadMachines
        /// What is not there, again and again.
        case refusals
    }

    /// How long nobody may wait, on a machine where nobody waits for a processor.
    private static let limit = Duration.seconds(3)
    /// How much memory a stranger may make the daemon take, in KiB.
    private static let memory = 300 << 10

    @Test(arguments: Attack.allCases)
    func nobodyElseWaits(attack: Attack) throws {
        let scratch = try Scratch()
        let socket = try NotifySocket("\(scratch.path)/notify")
        let machines = try scratch.write(
            "machines.yaml", "machines:\n- {name: all, match: {mac: \"52:54:*\"}, schematic: {}, version: latest}\n")
        let program = try Program(
            [
                "serve", "--store", try scratch.filledStore(), "--config", machines, "--dhcp", "off", "--no-tftp",
                "--http-address", "127.0.0.1", "--http-port", "0",
            ],
            environment: ["NOTIFY_SOCKET": socket.name, "WATCHDOG_USEC": "2000000"])
        let port = try program.port()
        let before = try residentMemory(of: program.process)

        let isOver = Atomic(false)
        let watch = try Watch(port: port, process: program.process, socket: socket)
        let attacker = Background {
            try run(attack, port: port)
            isOver.store(true, ordering: .relaxed)
        }
        _ = holds(within: 60) { isOver.load(ordering: .relaxed) || attacker.hasEnded }
        #expect(holds { watch.answers > 10 }, "there was nothing to measure")
        let seen = try watch.end()
        let limit = Self.limit + seen.longestPause * 10
        #expect(seen.longestAnswer < limit, "/healthz; the machine itself: \(seen.longestPause)")
        #expect(seen.longestSilence < limit, "the watchdog; the machine itself: \(seen.longestPause)")
        #expect(seen.mostMemory - before < Self.memory, "\(before) KiB before, \(seen.mostMemory) KiB at most")
        program.send(SIGKILL)
        // What a connection of the attacker says once the daemon is gone is of no interest.
        _ = try? attacker.wait()
    }

    private func run(_ attack: Attack, port: Int) throws {
        switch attack {
        case .manyArguments: try askForArguments((0..<60_000).map { "a\($0)=x" }, port: port)
        case .manyRemovals: try askForArguments((0..<60_000).map { "-a\($0)" }, port: port)
        case .oneExtensionManyTimes:
            let names = String(repeating: "siderolabs/gvisor,", count: 40_000)
            try ask(
                for: "customization: {systemExtensions: {officialExtensions: [\(names)]}}",
                ["image/ID/v1.13.5/initramfs-amd64.xz"], port: port)
        case .nestedBodies:
            let body = Array((String(repeating: "{a: ", count: 2500) + String(repeating: "}", count: 2500)).utf8)
            try inParallel(40) { _ in
                _ = try? HTTPConnection(port: port, seconds: 60).ask("POST", "/schematics", body: body)
            }
        case .unfinishedBodies:
            let connections = try (0..<400).map { _ in try HTTPConnection(port: port, seconds: 2) }
            let part = [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 19)
            for connection in connections {
                // The server may refuse, or read no further: both are right.
                try? connection.send("POST /schematics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
                try? connection.send(Array(part.prefix(60_000)))
            }
            for connection in connections.prefix(100) { try? connection.send(part) }
            usleep(3_000_000)
            withExtendedLifetime(connections) {}
        case .unreadMachines:
            let connection = try HTTPConnection(port: port, seconds: 60)
            for number in 0..<3000 {
                let mac = String(format: "52-54-00-00-%02x-%02x", number >> 8, number & 0xff)
                _ = try connection.ask("GET", "/boot?mac=\(mac)&uuid=\(UUID())&serial=0123456789&arch=x86_64")
            }
            let readers = try (0..<24).map { _ in try HTTPConnection(port: port, receiveBuffer: 4096) }
            for reader in readers { try reader.send("GET /machines HTTP/1.1\r\nHost: x\r\n\r\n") }
            usleep(5_000_000)
            withExtendedLifetime(readers) {}
        case .refusals:
            let connection = try HTTPConnection(port: port, seconds: 60)
            for _ in 0..<10_000 { _ = try connection.ask("GET", "/image/0000/v1.13.5/kernel-amd64") }
        }
    }

    private func askForArguments(_ arguments: [String], port: Int) throws {
        try ask(
            for: "customization: {extraKernelArgs: [\(arguments.joined(separator: ","))]}",
            [
                "pxe/ID/v1.13.5/metal-amd64", "image/ID/v1.13.5/cmdline-metal-amd64",
                "image/ID/v1.13.5/initramfs-amd64.xz",
            ],
            port: port)
    }

    /// Posts a schematic, which may be refused, and asks for what is made of it, four times each at once.
    private func ask(for schematic: String, _ paths: [String], port: Int) throws {
        let posted = try HTTPConnection(port: port, seconds: 60).ask(
            "POST", "/schematics", body: Array(schematic.utf8))
        guard posted.status == 201,
            let id = (try JSONSerialization.jsonObject(with: Data(posted.body)) as? [String: String])?["id"]
        else {
            #expect((400..<500).contains(posted.status), "\(posted.status)")
            return
        }
        try inParallel(paths.count * 4) { number in
            let path = paths[number % paths.count].replacingOccurrences(of: "ID", with: id)
            _ = try? HTTPConnection(port: port, seconds: 60).ask("GET", "/\(path)")
        }
    }

    private func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
        let tasks = (0..<count).map { number in Background { try body(number) } }
        for task in tasks { try task.wait() }
    }
}

/// Blocking work on a thread of its own.
private final class Background: Sendable {
    private let result = Mutex<Result<Void, any Error>?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> Void) {
        Thread.detachNewThread { [self] in
            let result = Result { try body() }
            self.result.withLock { $0 = result }
            ended.signal()
        }
    }

    var hasEnded: Bool { result.withLock { $0 != nil } }

    func wait() throws {
        ended.wait()
        ended.signal()
        try result.withLock { try $0?.get() }
    }
}

/// Asks for `/healthz` ten times a second, each time by a new connection, listens to the watchdog, and looks at the memory, and at
/// how the machine itself does.
private final class Watch: Sendable {
    struct Seen {
        var answers = 0
        var longestAnswer = Duration.zero
        var longestSilence = Duration.zero
        /// How much later than it should a thread of this process went on that had slept.
        var longestPause = Duration.zero
        var mostMemory = 0
    }

    private let seen = Mutex(Seen())
    private let isOver = Atomic(false)
    private let tasks = Mutex<[Background]>([])

    init(port: Int, process: pid_t, socket: NotifySocket) throws {
        let health = Background { [self] in
            while !isOver.load(ordering: .relaxed) {
                let start = ContinuousClock.now
                let status = try HTTPConnection(port: port, seconds: 60).ask("GET", "/healthz").status
                try #require(status == 200)
                let duration = ContinuousClock.now - start
                let memory = try residentMemory(of: process)
                seen.withLock { seen in
                    seen.answers += 1
                    seen.longestAnswer = max(seen.longestAnswer, duration)
                    seen.mostMemory = max(seen.mostMemory, memory)
                }
                usleep(100_000)
            }
        }
        let pulse = Background { [self] in
            var last = ContinuousClock.now
            while !isOver.load(ordering: .relaxed) {
                if socket.waitForWatchdog(milliseconds: 100) { last = ContinuousClock.now }
                let silence = ContinuousClock.now - last
                seen.withLock { $0.longestSilence = max($0.longestSilence, silence) }
            }
        }
        let control = Background { [self] in
            while !isOver.load(ordering: .relaxed) {
                let start = ContinuousClock.now
                usleep(20_000)
                let pause = ContinuousClock.now - start - .milliseconds(20)
                seen.withLock { $0.longestPause = max($0.longestPause, pause) }
            }
        }
        tasks.withLock { $0 = [health, pulse, control] }
    }

    var answers: Int { seen.withLock { $0.answers } }

    func end() throws -> Seen {
        isOver.store(true, ordering: .relaxed)
        for task in tasks.withLock({ $0 }) { try task.wait() }
        return seen.withLock { $0 }
    }
}

/// The resident memory of a process, in KiB.
private func residentMemory(of process: pid_t) throws -> Int {
    let text = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
    return try #require(line.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int($0) })
}

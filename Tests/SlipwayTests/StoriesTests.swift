import Foundation
import Glibc
import ServerTesting
import Testing

/// What is known of machines outlives the daemon.
@Suite struct MachineStoriesTests {
    private let scratch: Scratch
    private let store: String
    private let machines: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
        machines = try scratch.write(
            "machines.yaml",
            """
            defaults: {schematic: {customization: {}}, version: latest, boot: once}
            machines:
            - {name: one, mac: 52:54:00:00:00:01}
            - {name: two, mac: 52:54:00:00:00:02}
            - {name: old, mac: 52:54:00:00:00:03}

            """)
    }

    private var journal: String { "\(store)/journal/machines" }

    private func serve() throws -> Program {
        try Program([
            "serve", "--store", store, "--config", machines, "--dhcp", "off", "--no-tftp", "--http-address",
            "127.0.0.1", "--http-port", "0",
        ])
    }

    private func kept() -> String {
        String(decoding: FileManager.default.contents(atPath: journal) ?? Data(), as: UTF8.self)
    }

    /// Boots a machine from the address of a client, up to its initramfs.
    private func boot(_ mac: String, at client: UInt8, port: Int) throws {
        let connection = try HTTPConnection(port: port, client: client)
        let script = try connection.ask("GET", "/boot?mac=\(mac)&arch=x86_64").text
        for word in script.split(whereSeparator: \.isWhitespace) where word.hasPrefix("http://localhost/image/") {
            #expect(try connection.ask("GET", String(word.dropFirst("http://localhost".utf8.count))).status == 200)
        }
    }

    /// The steps of a machine's last boot.
    private func steps(_ mac: String, _ connection: HTTPConnection) throws -> [String] {
        let reply = try connection.ask("GET", "/machines/\(mac)")
        let machine = try JSONSerialization.jsonObject(with: Data(reply.body)) as? [String: Any]
        let boots = machine?["boots"] as? [[String: Any]] ?? []
        let events = boots.first?["events"] as? [[String: Any]] ?? []
        return events.map { "\($0["stage"] ?? "") \($0["detail"] ?? "") \($0["count"] ?? "")" }
    }

    @Test func storiesSurviveAKill() throws {
        // As the first release has left it.
        let ledger = "\(store)/records/booted"
        try FileManager.default.createDirectory(atPath: ledger, withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: URL(filePath: "\(ledger)/52-54-00-00-00-03"))
        let first = try serve()
        let port = try first.port()
        try boot("52-54-00-00-00-01", at: 11, port: port)
        _ = try HTTPConnection(port: port, client: 12).ask("GET", "/boot?mac=52-54-00-00-00-02&arch=x86_64")
        let connection = try HTTPConnection(port: port)
        #expect(try holds(within: 10) { try steps("52-54-00-00-00-01", connection).count == 3 })
        let before = try ["52-54-00-00-00-01", "52-54-00-00-00-02"].map { try steps($0, connection) }
        #expect(before[0].map { $0.prefix { $0 != " " } } == ["script", "kernel", "initramfs"], "\(before)")
        #expect(holds(within: 10) { kept().contains("initramfs-amd64") && kept().contains("52:54:00:00:00:02") })
        first.send(SIGKILL)
        #expect(try first.finish() == -SIGKILL)
        // It was in the middle of a line, and somebody has written another.
        try Data((kept() + "nonsense\n{\"mac\":\"52:54").utf8).write(to: URL(filePath: journal))

        let second = try serve()
        let other = try HTTPConnection(port: second.port())
        #expect(try ["52-54-00-00-00-01", "52-54-00-00-00-02"].map { try steps($0, other) } == before)
        let list = try other.ask("GET", "/machines").text
        #expect(list.contains("52:54:00:00:00:01") && list.contains("52:54:00:00:00:02"), "\(list)")
        #expect(second.errors.contains("ends within a line"), "\(second.errors)")
        #expect(second.errors.contains("a part of the journal of machines cannot be read"), "\(second.errors)")
        let explain = try Program([
            "explain", "52:54:00:00:00:01", "--store", store, "--config", machines, "--server",
            "http://127.0.0.1:\(try second.port())",
        ])
        #expect(try explain.finish() == 0, "\(explain.errors)")
        #expect(explain.output.contains("initramfs  initramfs-amd64.xz"), "\(explain.output)")
        // What has booted once has, whichever of the two has noted it.
        #expect(try other.ask("GET", "/boot?mac=52-54-00-00-00-01&arch=x86_64").text.contains("boots from its disk"))
        #expect(try other.ask("GET", "/boot?mac=52-54-00-00-00-03&arch=x86_64").text.contains("boots from its disk"))
        #expect(try other.ask("GET", "/boot?mac=52-54-00-00-00-02&arch=x86_64").text.contains("/kernel-amd64"))

        // A third one reads what the second has left at its orderly end, whole and without a word of trouble.
        second.send(SIGTERM)
        #expect(try second.finish(within: 20) == 0)
        let third = try serve()
        let last = try HTTPConnection(port: third.port())
        let after = try steps("52-54-00-00-00-01", last)
        #expect(Array(after.prefix(3)) == before[0] && after.count == 4, "\(after)")
        #expect(!third.errors.contains(" warning "), "\(third.errors)")
    }

    @Test func aStoreThatTakesNoJournalServesAllTheSame() throws {
        try Data("in the way".utf8).write(to: URL(filePath: "\(store)/journal"))
        let daemon = try serve()
        let port = try daemon.port()
        try boot("52-54-00-00-00-01", at: 11, port: port)
        let connection = try HTTPConnection(port: port)
        #expect(try holds(within: 10) { try steps("52-54-00-00-00-01", connection).count == 3 })
        #expect(daemon.errors.contains("machines' stories are not kept"), "\(daemon.errors)")
        daemon.send(SIGTERM)
        #expect(try daemon.finish(within: 20) == 0)
        #expect(try String(contentsOfFile: "\(store)/journal", encoding: .utf8) == "in the way")
    }

    /// Two daemons on one store: the one that came first keeps the journal.
    @Test func oneDaemonKeepsTheJournal() throws {
        let first = try serve()
        _ = try first.port()
        let second = try serve()
        let port = try second.port()
        #expect(second.errors.contains("another process writes \(journal)"), "\(second.errors)")
        _ = try HTTPConnection(port: port, client: 11).ask("GET", "/boot?mac=52-54-00-00-00-01&arch=x86_64")
        #expect(try HTTPConnection(port: first.port()).ask("GET", "/machines/52-54-00-00-00-01").status == 404)
    }
}

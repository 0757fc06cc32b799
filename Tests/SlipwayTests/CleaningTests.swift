import Foundation
import LayoutBuilding
import ServerTesting
import Testing

/// What nothing needs any more goes out of the store, beside a running daemon.
@Suite struct CleaningTests {
    private struct Figures: Decodable {
        struct Amount: Decodable, Equatable {
            var blobs: Int
            var bytes: UInt64
        }

        struct Kind: Decodable {
            var kind: String
            var records: Int
            var named: Amount
        }

        var kinds: [Kind]
        var all: Amount
        var unnamed: Amount
        var removable: Amount
    }

    private struct Report: Decodable {
        var removed: Figures.Amount
        var left: Figures.Amount
    }

    private func run(_ arguments: [String]) throws -> String {
        let program = try Program(arguments)
        try #require(try program.finish() == 0, "\(program.errors)")
        #expect(program.errors.isEmpty, "\(program.errors)")
        return program.output
    }

    private func stats(_ store: String) throws -> Figures {
        try JSONDecoder().decode(
            Figures.self,
            from: Data(try run(["store", "stats", "--json", "--older-than", "0", "--store", store]).utf8))
    }

    private func clean(_ store: String, _ more: [String] = ["--older-than", "0"]) throws -> Report {
        try JSONDecoder().decode(
            Report.self, from: Data(try run(["store", "gc", "--json", "--store", store] + more).utf8))
    }

    @Test func whereThereIsNoStoreNoneIsMade() throws {
        let scratch = try Scratch()
        let missing = "\(scratch.path)/missing"
        for more in [[], ["--dry-run"]] {
            let program = try Program(["store", "gc", "--store", missing] + more)
            #expect(try program.finish() == 1)
            #expect(program.errors.contains("\(missing) is not a store"), "\(program.errors)")
            #expect(!FileManager.default.fileExists(atPath: missing))
        }
    }

    @Test func whatNothingNeedsGoesBesideTheDaemon() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let daemon = try Program([
            "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port", "0",
        ])
        let connection = try HTTPConnection(port: daemon.port())
        let body = "customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}"
        let id = try connection.ask("POST", "/schematics", body: Array(body.utf8)).text.dropFirst(7).prefix(64)
        let path = "/image/\(id)/v1.13.5/initramfs-amd64.xz"
        let first = try connection.ask("GET", path)
        try #require(first.status == 200)

        // Every blob of every kind has its name: an import and a build leave nothing behind.
        let full = try stats(store)
        #expect(full.unnamed.blobs == 0 && full.all.blobs > 10)
        for kind in ["boot-files", "images", "extension-segments"] {
            #expect(full.kinds.contains { $0.kind == kind && $0.records > 0 && $0.named.blobs > 0 }, "\(kind)")
        }
        #expect(try clean(store).removed.blobs == 0)
        #expect(try connection.ask("GET", path).body == first.body)

        // A segment that has lost its record: the daemon remembers what was made of it, and notices.
        let segments = "\(store)/records/extension-segments"
        for name in try FileManager.default.contentsOfDirectory(atPath: segments) {
            try FileManager.default.removeItem(atPath: "\(segments)/\(name)")
        }
        let dry = try clean(store, ["--older-than", "0", "--dry-run"])
        #expect(dry.removed.blobs > 0 && dry.left.blobs == 0)
        #expect(try stats(store).removable == dry.removed, "a dry run removes nothing")
        #expect(try clean(store).removed == dry.removed)
        #expect(try stats(store).unnamed.blobs == 0)
        let again = try connection.ask("GET", path)
        #expect(again.status == 200 && again.body == first.body)

        // A newer import of the same version.
        let newer = try MiniatureRelease(hostile: [], size: 20_000)
        try newer.layout.write(toFolder: "\(scratch.path)/newer")
        _ = try run(["release", "import", "--store", store, "\(scratch.path)/newer"])
        let waiting = try clean(store, [])
        #expect(waiting.removed.blobs == 0 && waiting.left.blobs >= 4, "\(waiting)")
        #expect(
            try run(["store", "gc", "--store", store]).contains(
                "stay until they, and the last import, are 60 minutes old"))
        let removed = try clean(store).removed
        #expect(removed == waiting.left && removed.bytes >= 4 * 300_000, "\(removed)")
        #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/kernel-amd64").body == newer.kernel)
        #expect(try connection.ask("GET", path).status == 200)
        #expect(try connection.ask("GET", "/readyz").body.isEmpty)
    }

    @Test func aRecordThatCannotBeReadIsNamedAndNothingIsRemoved() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        try scratch.write("store/records/boot-files/1.12.0", "{")
        for command in ["stats", "gc"] {
            let program = try Program(["store", command, "--store", store])
            #expect(try program.finish() == 1 && program.output.isEmpty)
            #expect(
                program.errors.hasPrefix("slipway: the record boot-files/1.12.0 can't be read"), "\(program.errors)")
        }
    }

    @Test func thereIsNoStore() throws {
        let scratch = try Scratch()
        for command in [["stats"], ["gc", "--dry-run"]] {
            let program = try Program(["store"] + command + ["--store", "\(scratch.path)/none"])
            #expect(try program.finish() == 1)
            #expect(program.errors.contains("is not a store"), "\(program.errors)")
        }
    }
}

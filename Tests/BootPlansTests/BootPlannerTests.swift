import BootPlans
import DHCP
import Foundation
import Glibc
import IPXE
import Machines
import Netboot
import NetworkTypes
import Stores
import TalosModel
import Testing

@Suite struct BootPlannerTests {
    private static let defaults = "defaults: {schematic: {customization: {}}, version: v1.13.5}\n"
    private static let one = "52:54:00:00:00:01"

    @Test(
        arguments: [
            ("version: v1.12.0", Architecture.amd64, "Talos v1.12.0 has no boot files for amd64"),
            ("version: v1.12.0", .arm64, nil), ("version: v1.13.5", .arm64, nil), ("version: v1.13.5", .amd64, nil),
            (
                "version: v1.13.4, schematic: {customization: {systemExtensions: {officialExtensions: [siderolabs/lonely]}}}",
                .amd64, "the image of the extension siderolabs/lonely"
            ),
            (
                "schematic: {customization: {systemExtensions: {officialExtensions: [siderolabs/nothing]}}}",
                .amd64, "has no extension siderolabs/nothing"
            ),
            ("secureboot: true", .amd64, "secureboot"), ("version: v9.9.9", .amd64, "Talos v9.9.9 is not in the store"),
        ] as [(String, Architecture, String?)])
    func onlyWhatTheReleaseHasIsPlanned(settings: String, architecture: Architecture, obstacle: String?) async throws {
        let rack = try Rack(Self.defaults + "machines: [{name: one, mac: '\(Self.one)', \(settings)}]\n")
        let plan = try await rack.plan(Self.one, architecture)
        #expect(plan.kind == (obstacle == nil ? "boot" : "refuse"), "\(plan.reason)")
        let script = try plan.script(from: ScriptOrigin(name: "Slipway test", baseURL: "http://10.0.0.1"))
        if let obstacle {
            #expect(plan.reason.contains(obstacle), "\(plan.reason)")
            #expect(script.contains("cannot be booted") && !script.contains("/kernel-"), "\(script)")
        } else {
            #expect(script.contains("kernel-\(architecture)"), "\(script)")
        }
    }

    @Test func everyPlanHasItsScript() async throws {
        let rack = try Rack(
            Self.defaults + "machines: [{name: one, mac: '\(Self.one)', boot: local}]\nunknown: ignore\n")
        let origin = ScriptOrigin(name: "Slipway test", baseURL: "http://10.0.0.1")
        let ignored = try await rack.plan("52:54:00:00:00:99")
        #expect(ignored.kind == "ignore")
        #expect(!ignored.reason.contains(rack.folder), "strangers read it")
        #expect(try ignored.script(from: origin).contains("no entry of machines.yaml matches 52:54:00:00:00:99"))
        let local = try await rack.plan(Self.one)
        #expect(local.kind == "disk")
        #expect(try local.script(from: origin).contains("says boot: local") == false)
    }

    /// What was planned with one file's schematic and told to nobody has not been kept, and the next file has its ID only.
    @Test func aPlanOutOfAnotherFileIsNoPlan() async throws {
        let rack = try Rack(
            "defaults: {schematic: {customization: {extraKernelArgs: [a]}}, version: v1.13.5}\n"
                + "machines: [{name: one, mac: '\(Self.one)'}]\n")
        #expect(try await rack.plan(Self.one).kind == "boot")
        let id = try #require(rack.machines.current?.machines.first?.assignment.schematic?.id)
        let text = "machines: [{name: one, mac: '\(Self.one)', schematic: \(id), version: v1.13.5}]\n"
        try Data(text.utf8).write(to: URL(filePath: "\(rack.folder)/machines.yaml"))
        _ = try rack.machines.reload().get()
        let plan = try await rack.plan(Self.one, at: address(1))
        #expect(plan.kind == "refuse" && plan.reason.contains("\(id) is not in the store"), "\(plan.reason)")
    }

    @Test func askingChangesNothing() async throws {
        let text = Self.defaults + "machines: [{name: one, mac: '\(Self.one)', boot: once}]\n"
        let rack = try Rack(
            text.replacingOccurrences(of: "{customization: {}}", with: "{customization: {extraKernelArgs: [a]}}"))
        let kinds = ["schematics", "schematics-posted", "booted"].map { RecordKind(rawValue: $0) }
        func records() throws -> [[String]] { try kinds.map { try rack.store.recordKeys($0) } }
        let before = try records()
        let mac = try #require(MACAddress(parsing: Self.one))
        #expect(try await rack.plan(Self.one).kind == "boot")
        try await rack.deliver(extra: "{extraKernelArgs: [a]}", to: mac, at: address(1))
        #expect(try records() == before)
        // What is told is kept.
        #expect(try await rack.plan(Self.one, at: address(1)).kind == "boot")
        #expect(try records()[0].count == before[0].count + 1)
        try await rack.deliver(extra: "{extraKernelArgs: [a]}", to: mac, at: address(1))
        #expect(try records()[2] == [mac.hyphenated])
        #expect(try await rack.plan(Self.one).kind == "disk")
    }

    // MARK: - Once

    private static let once =
        defaults + "machines: [{name: nodes, match: {mac: 'a0:36:9f:*'}, boot: once}, "
        + "{name: one, match: {serial: S1}, boot: once}]\n"

    private func address(_ value: UInt32) -> IPv4Address { IPv4Address(value: 0x0a4d_0000 + value) }

    @Test func onceEndsWhenTheInitramfsIsThere() async throws {
        let rack = try Rack(Self.once)
        let mac = try #require(MACAddress(parsing: "a0:36:9f:00:00:01"))
        #expect(try await rack.plan("a0:36:9f:00:00:01").kind == "boot")
        // Nobody was told.
        try await rack.deliver(to: mac, at: address(1))
        #expect(try await rack.plan("a0:36:9f:00:00:01", at: address(1)).kind == "boot")
        try await rack.deliver(to: mac, at: address(2))
        #expect(try await rack.plan("a0:36:9f:00:00:01").kind == "boot", "another address fetched it")
        try await rack.deliver(to: mac, at: address(1))
        #expect(try await rack.plan("a0:36:9f:00:00:01").kind == "disk")
        #expect(try await rack.plan("52:54:00:00:00:07", serial: "S1", at: address(3)).kind == "boot")
        try await rack.deliver(to: try #require(MACAddress(parsing: "52:54:00:00:00:07")), at: address(3))
        #expect(try await rack.plan("52:54:00:00:00:07", serial: "S1").kind == "disk")
    }

    @Test func aStrangerWhoAsksInManyNamesDrivesOutNobody() async throws {
        let rack = try Rack(Self.once)
        #expect(try await rack.plan("a0:36:9f:00:00:01", at: address(1)).kind == "boot")
        for name in 0..<70_000 {
            let mac = MACAddress(value: 0xa036_9f00_0000 + 0x10_0000 + UInt64(name))
            _ = try await rack.plan(mac.description, at: address(666))
        }
        for number in [1, 2] as [UInt32] {
            let mac = MACAddress(value: 0xa036_9f00_0000 + UInt64(number))
            #expect(try await rack.plan(mac.description, at: address(number)).kind == "boot")
            try await rack.deliver(to: mac, at: address(number))
            #expect(try await rack.plan(mac.description).kind == "disk", "machine \(number)")
        }
    }

    @Test func alwaysMeansOnceMore() async throws {
        let rack = try Rack(Self.once)
        let mac = "a0:36:9f:00:00:01"
        #expect(try await rack.plan(mac, at: address(1)).kind == "boot")
        try await rack.deliver(to: try #require(MACAddress(parsing: mac)), at: address(1))
        func edit(_ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(rack.folder)/machines.yaml"))
            _ = try rack.machines.reload().get()
        }
        try edit(Self.once.replacingOccurrences(of: "once", with: "always"))
        #expect(try await rack.plan(mac, at: address(1)).kind == "boot")
        try edit(Self.once)
        #expect(try await rack.plan(mac).kind == "boot")
        #expect(try rack.store.recordKeys(.init(rawValue: "booted")).isEmpty)
    }

    /// A second interface is the same machine where the entry says so, by listing it or by what both tell; where the entry is for
    /// many machines it is another one.
    @Test(
        arguments: [
            ("mac: ['52:54:00:00:00:0a', '52:54:00:00:00:0b']", "52-54-00-00-00-0a", true),
            (
                "match: {uuid: 4C4C4544-0039-4b10-8035-b3c04f4d3132}", "uuid-4c4c4544-0039-4b10-8035-b3c04f4d3132", true
            ),
            ("match: {serial: 'A/1 é'}", "serial-A_2f1_20_c3_a9", true),
            (
                "match: {serial: A/1 é, uuid: 4c4c4544-0039-4b10-8035-b3c04f4d3132}",
                "uuid-4c4c4544-0039-4b10-8035-b3c04f4d3132", true
            ),
            ("match: {mac: '52:54:00:*'}", "52-54-00-00-00-0a", false),
            ("match: {mac: ['52:54:00:00:00:0a', '52:54:00:00:00:0b']}", "52-54-00-00-00-0a", false),
            ("match: {arch: amd64}", "52-54-00-00-00-0a", false),
        ] as [(String, String, Bool)])
    func aMachineIsWhatItsEntryKnowsItBy(entry: String, note: String, isOne: Bool) async throws {
        func rule(_ mode: String) -> String { Self.defaults + "machines: [{name: one, \(entry), boot: \(mode)}]\n" }
        let rack = try Rack(rule("once"))
        func kind(_ mac: String, at address: IPv4Address? = nil) async throws -> String {
            try await rack.plan(
                mac, uuid: "4c4c4544-0039-4b10-8035-b3c04f4d3132", serial: " A/1 é ", at: address
            ).kind
        }
        let (first, second) = ("52:54:00:00:00:0a", "52:54:00:00:00:0b")
        #expect(try await kind(first, at: address(1)) == "boot")
        try await rack.deliver(to: try #require(MACAddress(parsing: first)), at: address(1))
        #expect(try rack.store.recordKeys(.booted) == [note])
        #expect(try await kind(first) == "disk")
        #expect(try await kind(second, at: address(2)) == (isOne ? "disk" : "boot"))
        // Once more, whichever asks.
        try Data(rule("always").utf8).write(to: URL(filePath: "\(rack.folder)/machines.yaml"))
        _ = try rack.machines.reload().get()
        #expect(try await kind(isOne ? second : first, at: address(1)) == "boot")
        #expect(try rack.store.recordKeys(.booted).isEmpty)
    }

    /// Another daemon on the same store, or somebody who takes a note away.
    @Test(.timeLimit(.minutes(1))) func whatOthersNoteCounts() async throws {
        let rack = try Rack(Self.once)
        let mac = "a0:36:9f:00:00:01"
        func becomes(_ kind: String) async throws {
            while try await rack.plan(mac).kind != kind { try await Task.sleep(for: .milliseconds(5)) }
        }
        #expect(try await rack.plan(mac).kind == "boot")
        // The kernel tells of changes: the interval does not come into it.
        let states = rack.planner.states
        let keeping = Task { await states.keepNotes(interval: .seconds(3600)) }
        defer { keeping.cancel() }
        for _ in 1...3 {
            try rack.store.setRecord(.booted, "a0-36-9f-00-00-01", Array("{}".utf8))
            try await becomes("disk")
            try rack.store.removeRecord(.booted, "a0-36-9f-00-00-01")
            try await becomes("boot")
        }
    }

    /// What the disk does not take counts at once, is told of, and is written when the disk takes it.
    @Test(.timeLimit(.minutes(1))) func aNoteThatCannotBeWrittenCounts() async throws {
        let rack = try Rack(Self.once)
        let states = rack.planner.states
        for number in [1, 2] as [UInt32] {
            let name = "a0:36:9f:00:00:0\(number)"
            #expect(try await rack.plan(name, at: address(number)).kind == "boot")
        }
        let folder = "\(rack.store.root)/records/booted"
        try Data("in the way".utf8).write(to: URL(filePath: folder))
        for number in [1, 2] as [UInt32] {
            let name = "a0:36:9f:00:00:0\(number)"
            try await rack.deliver(to: try #require(MACAddress(parsing: name)), at: address(number))
            #expect(try await rack.plan(name).kind == "disk")
        }
        #expect(states.problems.count == 1 && states.problems.first?.hasPrefix("2 machines with boot: once") == true)
        // Also what is forgotten meanwhile: it is not written later.
        let always = Self.once.replacingOccurrences(of: "once", with: "always")
        try FileManager.default.removeItem(atPath: folder)
        try Data(always.utf8).write(to: URL(filePath: "\(rack.folder)/machines.yaml"))
        _ = try rack.machines.reload().get()
        #expect(try await rack.plan("a0:36:9f:00:00:02", at: address(2)).kind == "boot")
        let keeping = Task { await states.keepNotes(interval: .milliseconds(20)) }
        while !states.problems.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        keeping.cancel()
        #expect(try rack.store.recordKeys(.booted) == ["a0-36-9f-00-00-01"])
    }

    /// The first release noted every machine by the address that asked.
    @Test(arguments: [
        ("mac: ['52:54:00:00:00:0a', '52:54:00:00:00:0b']", true), ("match: {serial: S1}", false),
        ("mac: ['52:54:00:00:00:0a', '52:54:00:00:00:0b'], match: {serial: S1}", true),
    ])
    func anOldNoteCounts(entry: String, isOne: Bool) async throws {
        let rack = try Rack(Self.defaults + "machines: [{name: one, \(entry), boot: once}]\n")
        try rack.store.setRecord(.booted, "52-54-00-00-00-0a", Array("{}".utf8))
        #expect(try await rack.plan("52:54:00:00:00:0a", serial: "S1").kind == "disk")
        #expect(try await rack.plan("52:54:00:00:00:0b", serial: "S1").kind == (isOne ? "disk" : "boot"))
    }

    @Test func aLongSerialNumberHasANote() async throws {
        let serial = String(repeating: "é", count: 300)
        let rack = try Rack(Self.defaults + "machines: [{name: one, match: {serial: \(serial)}, boot: once}]\n")
        let mac = try #require(MACAddress(parsing: Self.one))
        #expect(try await rack.plan(Self.one, serial: serial, at: address(1)).kind == "boot")
        try await rack.deliver(to: mac, at: address(1))
        #expect(try await rack.plan("52:54:00:00:00:02", serial: serial).kind == "disk")
        #expect(try rack.store.recordKeys(.booted).allSatisfy { $0.hasPrefix("serial.") && $0.utf8.count == 71 })
    }

    /// What it was told, and nothing else that is called an initramfs.
    @Test func onlyWhatWasToldEndsOnce() async throws {
        let rack = try Rack(Self.once)
        let mac = try #require(MACAddress(parsing: "a0:36:9f:00:00:01"))
        #expect(try await rack.plan("a0:36:9f:00:00:01", at: address(1)).kind == "boot")
        try await rack.deliver("v1.13.4", to: mac, at: address(1))
        try await rack.deliver("v1.13.5", .arm64, to: mac, at: address(1))
        try await rack.deliver(extra: "{extraKernelArgs: [a]}", to: mac, at: address(1))
        #expect(try await rack.plan("a0:36:9f:00:00:01").kind == "boot")
        try await rack.deliver(to: mac, at: address(1))
        #expect(try await rack.plan("a0:36:9f:00:00:01").kind == "disk")
    }

    /// A first boot that was not finished is over when the machine is told something else.
    @Test(arguments: ["boot: always", "boot: local", "version: v9.9.9, boot: once"])
    func whatIsToldLaterEndsAnEarlierOnce(settings: String) async throws {
        func text(_ settings: String) -> String {
            "defaults: {schematic: {customization: {}}, version: v1.13.5}\n"
                + "machines: [{name: one, mac: '\(Self.one)', \(settings)}]\n"
        }
        let rack = try Rack(text("boot: once"))
        let mac = try #require(MACAddress(parsing: Self.one))
        #expect(try await rack.plan(Self.one, at: address(1)).kind == "boot")
        func edit(_ settings: String) throws {
            try Data(text(settings).utf8).write(to: URL(filePath: "\(rack.folder)/machines.yaml"))
            _ = try rack.machines.reload().get()
        }
        try edit(settings)
        _ = try await rack.plan(Self.one, at: address(1))
        try await rack.deliver(to: mac, at: address(1))
        try edit("boot: once")
        #expect(try await rack.plan(Self.one).kind == "boot")
        #expect(try rack.store.recordKeys(.init(rawValue: "booted")).isEmpty)
        // Another machine that asks from the same address ends nothing.
        #expect(try await rack.plan(Self.one, at: address(1)).kind == "boot")
        _ = try await rack.plan("52:54:00:00:00:02", at: address(1))
        try await rack.deliver(to: mac, at: address(1))
        #expect(try await rack.plan(Self.one).kind == "disk")
    }

    // MARK: - Verdicts

    /// Option 97 with the bytes as SMBIOS has them, and as the text has them.
    @Test(arguments: [
        [UInt8]([0x44, 0x33, 0x22, 0x11, 0x66, 0x55, 0x88, 0x77]), [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88],
    ])
    func aUUIDIsTakenInBothOrders(fields: [UInt8]) throws {
        let rack = try Rack(
            Self.defaults
                + "machines: [{name: uu, match: {uuid: 11223344-5566-7788-99aa-bbccddeeff00}, chainload: true}]\n")
        let wire = fields + [0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00]
        #expect(rack.planner.verdict(on: try client(wire)) == .answer(BootOptions(chainload: true)))
        let other = fields + [0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01]
        #expect(rack.planner.verdict(on: try client(other)) != .answer(BootOptions(chainload: true)))
        guard case .ignore = rack.planner.verdict(on: try client(other)) else {
            Issue.record("another machine is let through")
            return
        }
    }

    @Test func theUUIDsOtherOrderWinsOverWhatUnknownMachinesBoot() throws {
        let rack = try Rack(
            Self.defaults + "unknown: default\n"
                + "machines: [{name: uu, match: {uuid: 11223344-5566-7788-99aa-bbccddeeff00}, chainload: true}]\n")
        let text: [UInt8] = [
            0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0,
        ]
        #expect(rack.planner.verdict(on: try client(text)) == .answer(BootOptions(chainload: true)))
    }

    private func client(_ uuid: [UInt8]) throws -> BootClient {
        var message = DHCPMessage(
            operation: .request, transactionID: 1,
            options: [
                DHCPOption(.messageType, [1]), DHCPOption(.vendorClass, Array("PXEClient:Arch:00000:UNDI:002001".utf8)),
                DHCPOption(.clientArchitecture, [0, 0]), DHCPOption(.clientUUID, [0] + uuid),
            ])
        message.clientHardwareAddress = ArraySlice([0x52, 0x54, 0, 0x77, 0, 9] + [UInt8](repeating: 0, count: 10))
        return try BootClient.classify(message)
    }
}

/// A disk that does not answer must not keep machines from being answered.
@Suite(.timeLimit(.minutes(1))) struct SlowDiskTests {
    private static let file = """
        unknown: ignore
        machines:
          - name: one
            mac: 52:54:00:00:00:01
            version: v1.13.5
            schematic: {customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}}
        """

    /// The verdict is no `async` function and has no store to ask. To be sure, the store is gone here, and where its folders
    /// were there are pipes, which would hold whoever opened them for ever.
    @Test func theVerdictIsThereWithoutTheStore() throws {
        let rack = try Rack(Self.file)
        func verdict(_ last: UInt8) throws -> BootVerdict {
            var message = DHCPMessage(
                operation: .request, transactionID: 1,
                options: [
                    DHCPOption(.messageType, [MessageType.discover.rawValue]), DHCPOption(.clientArchitecture, [0, 7]),
                    DHCPOption(.vendorClass, Array("PXEClient:Arch:00007:UNDI:003000".utf8)),
                ])
            message.clientHardwareAddress = ArraySlice([0x52, 0x54, 0, 0, 0, last] + [UInt8](repeating: 0, count: 10))
            return rack.planner.verdict(on: try BootClient.classify(message))
        }
        let before = (try verdict(1), try verdict(2))
        try withhold(["records", "blobs"], of: rack)
        #expect(try verdict(1) == before.0)
        #expect(try verdict(2) == before.1)
        guard case .answer = before.0, case .ignore = before.1 else {
            Issue.record("\(before)")
            return
        }
    }

    /// What a machine boots is known from the snapshot and from the schematic that the file has.
    @Test func aPlanReadsNoContent() async throws {
        let rack = try Rack(Self.file)
        // The schematic is kept, and the ledger read, when the first machine comes.
        _ = try await rack.plan("52:54:00:00:00:01")
        try withhold(["blobs/sha256"], of: rack)
        let plan = try await rack.plan("52:54:00:00:00:01", .arm64)
        #expect(plan.kind == "boot", "\(plan.reason)")
    }

    private func withhold(_ names: [String], of rack: Rack) throws {
        for name in names {
            let path = "\(rack.store.root)/\(name)"
            try FileManager.default.removeItem(atPath: path)
            try #require(mkfifo(path, 0o600) == 0)
        }
    }
}

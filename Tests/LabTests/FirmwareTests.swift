import Foundation
import LabSupport
import TalosModel
import TestSupport
import Testing

/// Other processors, younger iPXE, several cards.
extension LabTests {
    @Suite(.serialized) struct FirmwareTests: EverySortBoots {}
}

extension LabTests.FirmwareTests {
    /// Debian 12 has no iPXE for arm64; the operator puts Debian 13's into tftp-root.
    @Test(arguments: LabEnvironment.cases([LabMachine.Firmware.uefi], full: [.uefiHTTP]))
    func arm64MachineBootsWithTheLoaderFromTFTPRoot(firmware: LabMachine.Firmware) async throws {
        let machine = LabMachine("arm64", number: 0x50, firmware: firmware, architecture: .arm64)
        let ipxe = try YoungerIPXE(cache: LabEnvironment.cache)
        try await Lab.run("arm64-\(firmware)") { lab in
            let root = try tftpRoot(in: lab, ["\(ipxe.folder)/ipxe-arm64.efi"])
            _ = try await SlipwayAppliance(
                in: lab, machines: entry(machine, schematic: "notes"), arguments: ["--tftp-root", root],
                store: try LabEnvironment.storeForBothArchitectures())
            let facts = try await lab.boot(machine, within: .seconds(900))
            try #require(facts.failures == [])
            try #require(facts.release == "v1.13.5")
            try #require(facts.layers.map(\.name) == ["field-notes", "schematic"])
            try #require(facts.commandLine.contains("lab.machine=arm64"))
        }
    }

    struct Loader: Sendable, CustomTestStringConvertible {
        var name: String
        var firmware: LabMachine.Firmware

        init(_ name: String, _ firmware: LabMachine.Firmware) {
            self.name = name
            self.firmware = firmware
        }

        var testDescription: String { "\(name)-\(firmware)" }
    }

    @Test(
        arguments: LabEnvironment.cases(
            [Loader("snponly.efi", .uefi)],
            full: [
                Loader("snponly.efi", .uefiHTTP), Loader("ipxe-amd64.efi", .uefi), Loader("undionly.kpxe", .bios),
            ]))
    func youngerIPXEOfTheOperatorsChoiceBoots(loader: Loader) async throws {
        let machine = LabMachine("younger", number: 0x51, firmware: loader.firmware)
        let ipxe = try YoungerIPXE(cache: LabEnvironment.cache)
        try await Lab.run("younger-\(loader.testDescription)") { lab in
            let root = try tftpRoot(in: lab, ["\(ipxe.folder)/\(loader.name)"])
            let choice = loader.firmware == .bios ? "    chainload: true" : "    loader: \(loader.name)"
            _ = try await SlipwayAppliance(
                in: lab, machines: entry(machine, choice), arguments: ["--tftp-root", root])
            try requireEverySort(try await lab.boot(machine), on: machine, in: lab)
        }
    }

    struct Cards: Sendable, CustomTestStringConvertible {
        var firmware: LabMachine.Firmware
        var knownIsFirst: Bool
        var byUUID: Bool

        init(_ firmware: LabMachine.Firmware, knownIsFirst: Bool, byUUID: Bool = false) {
            self.firmware = firmware
            self.knownIsFirst = knownIsFirst
            self.byUUID = byUUID
        }

        var testDescription: String { "\(firmware)-\(byUUID ? "uuid" : knownIsFirst ? "first" : "second")" }
    }

    /// With the known card second, the first card's firmware asks in vain and gives up.
    @Test(
        arguments: LabEnvironment.cases(
            [Cards(.bios, knownIsFirst: false), Cards(.uefi, knownIsFirst: true)],
            full: [
                Cards(.bios, knownIsFirst: true), Cards(.uefi, knownIsFirst: false),
                Cards(.uefi, knownIsFirst: false, byUUID: true),
            ]))
    func machineWithTwoCardsBoots(cards: Cards) async throws {
        var machine = LabMachine("two-cards", number: 0x52, firmware: cards.firmware)
        let other = LabMachine("other", number: 0x53, firmware: cards.firmware)
        machine.otherCards = [.init(mac: other.mac, isFirst: !cards.knownIsFirst)]
        var known = entry(machine)
        if cards.byUUID {
            known = known.replacingOccurrences(of: "mac: \(machine.mac)", with: "match: {uuid: \(machine.uuid)}")
        }
        let (booted, machines) = (machine, known)
        try await Lab.run("cards-\(cards.testDescription)") { lab in
            _ = try await SlipwayAppliance(in: lab, machines: machines)
            let facts = try await lab.boot(booted, within: .seconds(900))
            let id = try SlipwayAppliance.id(of: EverySort.schematic, in: lab)
            try EverySort.require(facts, version: TalosVersion(1, 13, 5), id: id)
            try #require(facts.commandLine.contains("lab.machine=two-cards"))
            try #require(Set(facts.addresses) == [booted.mac, other.mac])
        }
    }

    /// A folder with copies of files.
    private func tftpRoot(in lab: Lab, _ files: [String]) throws -> String {
        let root = "\(lab.evidence)/tftp-root"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for file in files {
            try FileManager.default.copyItem(
                atPath: file, toPath: "\(root)/\(file.split(separator: "/").last.map(String.init) ?? file)")
        }
        return root
    }
}

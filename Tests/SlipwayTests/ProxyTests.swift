import Bytes
import DHCP
import Foundation
import LayoutBuilding
import NamespaceTesting
import NetworkTypes
import ServerTesting
import Testing
import VectorTesting

/// The whole program as a site runs it: in a network of its own, asked by DHCP.
@Suite(.serialized, .timeLimit(.minutes(30)), .enabled(if: Namespaces.isPossible, "needs root and ip(8)"))
struct ProxyTests {
    private struct Appliance {
        let names: Namespaces
        let scratch: Scratch
        let program: Child

        /// Serves with loaders of a few bytes and a tree that the operator made.
        init(_ name: String, machines: String = "unknown: wait\n", tree: [String] = [], more: [String] = []) throws {
            names = try Namespaces(name)
            scratch = try Scratch()
            for folder in ["loaders", "tree"] {
                try FileManager.default.createDirectory(
                    atPath: "\(scratch.path)/\(folder)", withIntermediateDirectories: true)
            }
            for loader in ["undionly.kpxe", "ipxe.efi"] { try scratch.write("loaders/\(loader)", loader) }
            for file in tree { try scratch.write("tree/\(file)", file) }
            let command = [
                Program.path, "serve", "--store", try scratch.filledStore(), "--config",
                try scratch.write("machines.yaml", machines), "--loader-folder", "\(scratch.path)/loaders",
                "--tftp-root",
                "\(scratch.path)/tree",
            ]
            program = try names.inside(names.server, command + more)
            let lines = program.lines(until: " notice ready ")
            #expect(lines.last?.contains(" notice ready ") == true, "\(lines)")
        }

        func end() {
            program.terminate()
            names.remove()
        }

        /// Our answer to a message of the field's.
        ///
        /// - Parameter expected: How many answers there will be, those of others too.
        func answer(_ message: DHCPMessage, expecting expected: Int = 1) throws -> DHCPMessage? {
            try names.ask("c0", message.encode(), expecting: expected).map { try DHCPMessage(decoding: $0.bytes[...]) }
                .first { $0.yourAddress == .any }
        }

        func get(_ path: String) throws -> String {
            try names.inside(names.server, ["curl", "-s", "-w", "\\n", "http://10.99.0.1:8080\(path)"]).finish()
                .joined(separator: "\n")
        }
    }

    private func field(_ name: String) throws -> DHCPMessage {
        let file = try #require(try VectorFile.field.members(named: "dhcp-\(name).hex").first)
        let text = try String(contentsOf: file, encoding: .utf8)
        let bytes = try #require([UInt8](hexadecimal: text.filter { !$0.isWhitespace }))
        return try DHCPMessage(decoding: bytes[...])
    }

    /// Slipway first: the site's server must find its port free, and machines both their offers.
    @Test(
        .enabled(if: AddressServer.areInstalled, "needs dnsmasq-base, kea-dhcp4-server and isc-dhcp-server"),
        arguments: AddressServer.allCases)
    func theSitesServerMayStartLater(kind: AddressServer) throws {
        let appliance = try Appliance("spa")
        defer { appliance.end() }
        let other = try kind.start(appliance.names, in: "\(appliance.scratch.path)/dhcp")
        defer { other.terminate() }
        // A server that gives an address speaks to that address otherwise, which nobody has yet.
        var discover = try field("pass-53-last")
        discover.flags = .broadcast
        let heard = try appliance.names.ask("c0", discover.encode(), expecting: 2).map {
            try DHCPMessage(decoding: $0.bytes[...])
        }
        #expect(heard.count == 2 && heard.contains { $0.yourAddress != .any })
        let ours = try #require(heard.first { $0.yourAddress == .any })
        #expect(ours.serverIdentifier?.description == "10.99.0.1" && ours.bootFile.elementsEqual("ipxe.efi".utf8))
        #expect(!other.hasEnded)
    }

    /// What another server's boot file does to machines is said wherever an operator looks.
    @Test(.enabled(if: AddressServer.areInstalled, "needs dnsmasq-base, kea-dhcp4-server and isc-dhcp-server"))
    func aRivalIsSpokenOf() throws {
        let appliance = try Appliance("spb")
        defer { appliance.end() }
        let other = try AddressServer.dnsmasq.start(
            appliance.names, in: "\(appliance.scratch.path)/dhcp", bootFile: "rival.bin")
        defer { other.terminate() }
        #expect(try appliance.get("/readyz") == "")
        // It answers by packets that never come in, which are looked at once it is known to be there.
        _ = appliance.program.lines(until: "holds the port of DHCP servers")
        let iPXE = try field("ipxe-http-bzimage")
        let ours = try #require(try appliance.answer(iPXE))
        #expect(ours[.bootFileName]?.starts(with: "http://10.99.0.1:8080/boot.ipxe".utf8) == true)
        #expect(ours[.iPXEEncapsulated] == [1, 1, 1])
        let sentence = "DHCP server 10.99.0.1 names the boot file \"rival.bin\" too"
        let lines = appliance.program.lines(until: "draws machines away")
        #expect(lines.last?.contains("rival.bin") == true, "\(lines)")
        #expect(try appliance.get("/readyz").contains(sentence))
        #expect(
            try appliance.get("/machines/02-00-00-00-00-01").contains(sentence.replacing("\"", with: "\\\"")))
    }

    @Test func whatTheFieldSendsIsAnswered() throws {
        let appliance = try Appliance("spc")
        defer { appliance.end() }
        for (name, file) in [
            ("ipxe-http-no-bzimage", "undionly.kpxe"), ("last-option-overruns", "ipxe.efi"),
            ("option-53-twice", "ipxe.efi"), ("arch-list-6-7", "ipxe.efi"), ("pass-end-padded-with-ff", "ipxe.efi"),
        ] {
            let answer = try #require(try appliance.answer(field(name)), "\(name)")
            #expect(answer.messageType == .offer && answer.bootFile.elementsEqual(file.utf8), "\(name)")
        }
        // There is no tree for it.
        #expect(try appliance.answer(field("pi3-rom"), expecting: 0) == nil)
        #expect(try appliance.get("/machines/b8-27-eb-00-00-01").contains("bootcode.bin, start4.elf or config.txt"))
    }

    /// The operator's tree counts as soon as it is there.
    @Test func aRaspberryPisTreeIsOffered() throws {
        let appliance = try Appliance("spd")
        defer { appliance.end() }
        let pi = try field("pi3-rom-new-oui")
        #expect(try appliance.answer(pi, expecting: 0) == nil)
        try appliance.scratch.write("tree/bootcode.bin", "code")
        // What is there is looked at every second.
        var heard: DHCPMessage?
        #expect(
            try holds {
                heard = try appliance.answer(pi, expecting: 0)
                return heard != nil
            })
        let answer = try #require(heard)
        let menu = try #require(answer[.vendorSpecificInformation])
        #expect(answer.messageType == .offer && String(decoding: menu, as: UTF8.self).contains("Raspberry Pi Boot"))
    }

    /// A machine's own choice, which must be there, or the story says that it is not.
    @Test func aMachineMayHaveALoaderOfItsOwn() throws {
        let appliance = try Appliance(
            "spe",
            machines: """
                schematics: {plain: {customization: {}}}
                defaults: {schematic: plain, version: v1.13.5}
                machines:
                  - {name: chosen, mac: "02:00:00:00:00:01", loader: chosen-here.efi}

                """)
        defer { appliance.end() }
        let uefi = try field("pass-53-last")
        #expect(try appliance.answer(uefi, expecting: 0) == nil)
        #expect(try appliance.get("/machines/02-00-00-00-00-01").contains("the loader chosen-here.efi is neither in"))
        try appliance.scratch.write("tree/chosen-here.efi", "loader")
        #expect(
            try holds {
                try appliance.answer(uefi, expecting: 0)?.bootFile.elementsEqual("chosen-here.efi".utf8) == true
            })
    }
}

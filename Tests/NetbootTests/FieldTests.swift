import Bytes
import DHCP
import Foundation
import Netboot
import NetworkTypes
import Testing
import VectorTesting

/// Messages after what people reported of their machines.
@Suite struct FieldTests {
    private static let all = Set(Loader.all)

    /// The message of that name, and the one that a further folder may have.
    private func messages(_ name: String) throws -> [DHCPMessage] {
        try VectorFile.field.members(named: "dhcp-\(name).hex").map { file in
            let text = try String(contentsOf: file, encoding: .utf8)
            let bytes = try #require([UInt8](hexadecimal: text.filter { !$0.isWhitespace }))
            return try DHCPMessage(decoding: bytes[...])
        }
    }

    private func message(_ name: String) throws -> DHCPMessage { try #require(try messages(name).first) }

    private func decide(
        _ message: DHCPMessage, _ served: Set<String> = Self.all, options: BootOptions = BootOptions()
    ) -> BootDecision {
        NetbootPolicy.decide(
            message, on: .dhcp, from: SocketEndpoint(address: .any, port: 68),
            server: ServerAddresses(
                address: IPv4Address(value: 0x0a4d_0003), httpPort: 8080, serves: { served.contains($0) })
        ) { _ in .answer(options) }
    }

    private func file(_ decision: BootDecision) -> String? {
        if case .reply(_, let file) = decision.outcome { file.name ?? "" } else { nil }
    }

    private let script = "http://10.77.0.3:8080/boot.ipxe"

    @Test(arguments: [
        ("ipxe-http-no-bzimage", "undionly.kpxe"), ("ipxe-http-bzimage", "http://10.77.0.3:8080/boot.ipxe"),
        ("last-option-overruns", "ipxe.efi"), ("option-53-twice", "ipxe.efi"), ("pass-53-last", "ipxe.efi"),
        ("pass-end-padded-with-ff", "ipxe.efi"), ("arch-list-6-7", "ipxe.efi"),
        ("uuid-first-fields-swapped", "ipxe.efi"), ("uuid-as-in-text", "ipxe.efi"),
    ])
    func reported(name: String, expected: String) throws {
        for message in try messages(name) {
            let decision = decide(message)
            #expect(file(decision) == expected, "\(decision.reason)")
        }
    }

    @Test(arguments: ["pi3-rom", "pi3-rom-new-oui"]) func raspberryPis(name: String) throws {
        for message in try messages(name) {
            for tree in ["bootcode.bin", "start4.elf", "config.txt"] {
                let decision = decide(message, [tree])
                #expect(decision.client?.firmware == .raspberryPi && file(decision) == "")
                let option = try #require(decision.reply?.message[.vendorSpecificInformation])
                #expect(String(decoding: option, as: UTF8.self).contains("Raspberry Pi Boot"))
            }
            #expect(decide(message).outcome == .silence(.treeMissing))
        }
    }

    @Test func whatMakesAPi() throws {
        let rom = try message("pi3-rom-new-oui")
        func firmware(_ change: (inout DHCPMessage) -> Void) -> BootClient.Firmware? {
            var message = rom
            message.clientHardwareAddress = ArraySlice([2, 0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 10))
            change(&message)
            return decide(message).client?.firmware
        }
        func set(_ code: OptionCode, _ value: [UInt8], in message: inout DHCPMessage) {
            message.options.removeAll { $0.code == code }
            message.options.append(DHCPOption(code, value))
        }
        let zero = [UInt8](repeating: 0, count: 17)
        // Neither address prefix: the number or the identity is enough.
        #expect(firmware { _ in } == .raspberryPi)
        #expect(firmware { set(.clientUUID, zero, in: &$0) } == .raspberryPi)
        #expect(firmware { $0.transactionID = 1 } == .raspberryPi)
        #expect(
            firmware {
                $0.transactionID = 1
                set(.clientUUID, [0] + Array("RPi4".utf8) + [UInt8](1...12), in: &$0)
                set(.vendorClass, Array("PXEClient:Arch:00000:UNDI:003000".utf8), in: &$0)
            } == .raspberryPi)
        // PCs that do not know their UUID, another vendor class, other words.
        for identity in [zero, [0] + [UInt8](repeating: 0xff, count: 16), [0] + [UInt8](0..<16)] {
            #expect(
                firmware {
                    $0.transactionID = 1
                    set(.clientUUID, identity, in: &$0)
                } == .bios)
        }
        #expect(firmware { set(.vendorClass, Array("PXEClient:Arch:00000:UNDI:002001 ".utf8), in: &$0) } == .bios)
        #expect(firmware { set(.clientArchitecture, [0, 11], in: &$0) } == .uefi)
        #expect(firmware { set(.clientArchitecture, [0, 41], in: &$0) } == .raspberryPi)
        #expect(
            firmware {
                $0.clientHardwareAddress = ArraySlice([0x88, 0xa2, 0x9e, 0, 0, 1] + [UInt8](repeating: 0, count: 10))
                $0.transactionID = 1
                set(.clientUUID, zero, in: &$0)
            } == .raspberryPi)
    }

    @Test func aPisTreeMayBeItsOwn() throws {
        var message = try message("pi3-rom")
        #expect(file(decide(message, ["b8-27-eb-00-00-01/bootcode.bin"])) == "")
        message.options.removeAll { $0.code == .clientUUID }
        message.options.append(
            DHCPOption(.clientUUID, [0] + Array("RPi4".utf8) + [1, 2, 3, 4, 5, 6, 7, 8, 0xde, 0xad, 0xbe, 0xef]))
        #expect(file(decide(message, ["deadbeef/start4.elf"])) == "")
        #expect(file(decide(message, ["efbeadde/config.txt"])) == "")
        #expect(decide(message, ["other/start4.elf"]).outcome == .silence(.treeMissing))
    }

    @Test func iPXEThatCannotRunItsScriptIsReplaced() throws {
        let able = try message("ipxe-http-bzimage")
        let unable = try message("ipxe-http-no-bzimage")
        func change(_ message: DHCPMessage, _ change: (inout DHCPMessage) -> Void) -> BootDecision {
            var message = message
            change(&message)
            return decide(message)
        }
        #expect(file(change(able) { $0.options.removeAll { $0.code == .iPXEEncapsulated } }) == script)
        #expect(file(change(unable) { $0.options.removeAll { $0.code == .iPXEEncapsulated } }) == script)
        // EFI builds have no need of it.
        #expect(
            file(
                change(unable) {
                    $0.options.removeAll { $0.code == .clientArchitecture }
                    $0.options.append(DHCPOption(.clientArchitecture, [0, 7]))
                }) == script)
        // What came through us has our vendor class; the same loader again would go round for ever.
        #expect(
            file(
                change(unable) {
                    $0.options.removeAll { $0.code == .vendorClass }
                    $0.options.append(DHCPOption(.vendorClass, Array("PXEClient".utf8)))
                }) == script)
        #expect(decide(unable, []).outcome == .silence(.loaderMissing("undionly.kpxe")))
    }

    @Test func whatAClientListsIsTriedInItsOrder() throws {
        func decide(_ list: [UInt8], _ served: Set<String> = Self.all) throws -> BootDecision {
            var message = try message("arch-list-6-7")
            message.options.removeAll { $0.code == .clientArchitecture }
            message.options.append(DHCPOption(.clientArchitecture, list.flatMap { [0, $0] }))
            return self.decide(message, served)
        }
        #expect(file(try decide([6, 11, 7])) == "ipxe-arm64.efi")
        #expect(file(try decide([6, 11, 7], [Loader.x64])) == "ipxe.efi")
        #expect(file(try decide([7, 6])) == "ipxe.efi")
        #expect(file(try decide([6, 16])) == "http://10.77.0.3:8080/loaders/ipxe.efi")
        #expect(try decide([6, 10]).outcome == .silence(.unsupported("UEFI IA32 (6)")))
        #expect(try decide([6, 7, 10], []).outcome == .silence(.loaderMissing("ipxe.efi")))
        // As many as a packet holds, hostile or not: sixteen are looked at.
        #expect(file(try decide([UInt8](repeating: 6, count: 15) + [7])) == "ipxe.efi")
        #expect(file(try decide([UInt8](repeating: 6, count: 126) + [7])) == nil)
    }

    @Test func aLoaderOfTheOperatorsChoiceTakesThePlaceOfTheUsualOne() throws {
        let uefi = try message("pass-53-last")
        let snponly = BootOptions(loader: "snponly.efi")
        #expect(file(decide(uefi, Self.all.union(["snponly.efi"]), options: snponly)) == "snponly.efi")
        let missing = decide(uefi, options: snponly)
        #expect(missing.outcome == .silence(.loaderMissing("snponly.efi")))
        #expect(missing.reason.hasSuffix("put the file there"))
        // iPXE is past that stage, and a BIOS cannot start an EFI program.
        let served = Self.all.union(["snponly.efi"])
        #expect(file(decide(try message("ipxe-http-bzimage"), served, options: snponly)) == script)
        #expect(file(decide(try message("ipxe-http-no-bzimage"), served, options: snponly)) == "undionly.kpxe")
    }
}

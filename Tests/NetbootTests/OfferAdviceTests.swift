import DHCP
import Netboot
import NetworkTypes
import Testing

@Suite struct OfferAdviceTests {
    @Test func otherServersOffersAreJudged() throws {
        let own: Set<IPv4Address> = [IPv4Address(value: 0x0a4d_0003)]
        let rival = IPv4Address(value: 0x0a4d_0002)
        func offer(_ change: (inout DHCPMessage) -> Void) -> [OfferAdvice] {
            var offer = DHCPMessage(operation: .reply, transactionID: 1)
            offer.yourAddress = IPv4Address(value: 0x0a4d_0091)
            offer.options = [DHCPOption(.messageType, [2]), DHCPOption(.serverIdentifier, rival.octets)]
            change(&offer)
            return OfferAdvice.advice(on: offer, own: own) { $0 == "b" }
        }
        let pxe = DHCPOption(.vendorClass, Array("PXEClient".utf8))
        #expect(offer { _ in } == [])
        #expect(offer { $0.options.append(pxe) } == [.claimsToBeABootServer(rival)])
        #expect(offer { $0.serverAddress = rival } == [.namesItselfAsNextServer(rival)])
        #expect(offer { $0.options.append(DHCPOption(.bootFileName, [97, 0])) } == [.namesABootFile(rival, file: "a")])
        #expect(
            offer {
                $0.bootFile = [98]; $0.serverAddress = own.first ?? .any
            } == [])
        #expect(
            offer {
                $0.yourAddress = .any
                $0.options += [pxe, DHCPOption(.vendorSpecificInformation, [255])]
            } == [.secondProxy(rival)])
        // Our own have our address and give none.
        #expect(
            offer {
                $0.yourAddress = .any
                $0.options[1] = DHCPOption(.serverIdentifier, [10, 77, 0, 3])
                $0.options += [pxe, DHCPOption(.vendorSpecificInformation, [255])]
            } == [])
    }

    @Test func aServerOnThisHostIsJudgedToo() throws {
        let here = try #require(IPv4Address(parsing: "10.77.0.3"))
        func advice(_ file: String) -> [OfferAdvice] {
            var offer = DHCPMessage(operation: .reply, transactionID: 1)
            offer.yourAddress = IPv4Address(value: 0x0a4d_0091)
            offer.serverAddress = here
            offer.options = [
                DHCPOption(.messageType, [2]), DHCPOption(.serverIdentifier, here.octets),
                DHCPOption(.vendorClass, Array("PXEClient".utf8)),
            ]
            offer.bootFile = Array(file.utf8)[...]
            return OfferAdvice.advice(on: offer, own: [here]) { $0 == "boot.scr.uimg" }
        }
        #expect(advice("") == [] && advice("boot.scr.uimg") == [] && advice("http://10.77.0.3:8080/boot.ipxe") == [])
        #expect(advice("http://\u{301}a/boot.ipxe") == [])
        #expect(advice("rival.bin") == [.namesABootFile(here, file: "rival.bin")])
    }

    @Test func onlyTheMachinesConcernedAreSpokenOf() {
        let server = IPv4Address(value: 1)
        func concerned(_ advice: OfferAdvice) -> Set<BootClient.Firmware> {
            Set(BootClient.Firmware.allCases.filter(advice.concerns))
        }
        #expect(concerned(.namesItselfAsNextServer(server)) == [.uBoot])
        #expect(concerned(.namesABootFile(server, file: "a")) == [.iPXE, .bios, .uBoot])
        #expect(concerned(.claimsToBeABootServer(server)) == [.uefi, .bios])
        #expect(concerned(.secondProxy(server)) == [.uefi, .bios, .iPXE])
        #expect(OfferAdvice.namesABootFile(server, file: "a").isOfSameKind(as: .namesABootFile(server, file: "b")))
        #expect(!OfferAdvice.secondProxy(server).isOfSameKind(as: .secondProxy(IPv4Address(value: 2))))
    }

    /// A story's step keeps 256 bytes.
    @Test func namesOutOfStrangersPacketsAreShortAndPrintable() throws {
        var offer = DHCPMessage(operation: .reply, transactionID: 1)
        offer.yourAddress = IPv4Address(value: 0xffff_fffe)
        offer.options = [
            DHCPOption(.messageType, [2]), DHCPOption(.serverIdentifier, [255, 255, 255, 254]),
            DHCPOption(.bootFileName, Array("\u{1b}[2J\"\n\u{e9}".utf8) + [UInt8](repeating: 97, count: 300)),
        ]
        let advice = try #require(OfferAdvice.advice(on: offer, own: []).first)
        #expect(advice.description.contains("boot file \"?[2J????aaa"))
        #expect(advice.description.utf8.count <= 256)
    }
}

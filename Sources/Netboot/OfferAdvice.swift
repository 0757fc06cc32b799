import DHCP
import NetworkTypes

/// What another server's offer does to machines that want to boot through us.
public enum OfferAdvice: Hashable, Sendable, CustomStringConvertible {
    /// It gives an address and says `PXEClient` without option 43: EDK2 then asks it on port 4011 and not us.
    case claimsToBeABootServer(IPv4Address)
    /// It gives an address and names a boot file and a server: iPXE and old ROMs follow it.
    case namesABootFile(IPv4Address, file: String)
    /// A second proxy with option 43: which of the two EDK2 takes is chance.
    case secondProxy(IPv4Address)
    /// It names itself as the next server, where U-Boot then looks for its files.
    case namesItselfAsNextServer(IPv4Address)

    public var description: String {
        switch self {
        case .claimsToBeABootServer(let server):
            "DHCP server \(server) sends option 60 \"PXEClient\" without option 43, so UEFI machines ask it for their "
                + "boot file; remove option 60 there"
        case .namesABootFile(let server, let file):
            "DHCP server \(server) names the boot file \"\(file)\", which iPXE prefers to ours; remove its options 66 and "
                + "67 and its boot file setting"
        case .secondProxy(let server):
            "\(server) is a PXE proxy too, and machines take whichever answers first; switch one of the two off"
        case .namesItselfAsNextServer(let server):
            "DHCP server \(server) names itself as next-server, so U-Boot looks for its files there; set next-server to "
                + "this host"
        }
    }

    /// What to tell the operator of an offer that was seen; empty for our own and for harmless ones.
    public static func advice(on offer: DHCPMessage, own addresses: Set<IPv4Address>) -> [OfferAdvice] {
        guard offer.operation == .reply, let type = offer.messageType, type == .offer || type == .acknowledgement,
            let server = offer.serverIdentifier, !addresses.contains(server)
        else { return [] }
        let saysPXE = offer.hasVendorClass(startingWith: "PXEClient")
        let hasMenu = offer[.vendorSpecificInformation] != nil
        guard offer.yourAddress != .any else { return saysPXE && hasMenu ? [.secondProxy(server)] : [] }

        var advice: [OfferAdvice] = []
        if saysPXE && !hasMenu { advice.append(.claimsToBeABootServer(server)) }
        let file = offer[.bootFileName].map { $0.prefix { $0 != 0 } } ?? offer.bootFile
        if !file.isEmpty && !addresses.contains(offer.serverAddress) {
            advice.append(.namesABootFile(server, file: String(decoding: file, as: UTF8.self)))
        } else if offer.serverAddress == server {
            advice.append(.namesItselfAsNextServer(server))
        }
        return advice
    }
}

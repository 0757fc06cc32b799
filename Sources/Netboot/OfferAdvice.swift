import DHCP
import NetworkTypes

/// What another server's offer does to machines that want to boot through us.
public enum OfferAdvice: Hashable, Sendable, CustomStringConvertible {
    /// It gives an address and says `PXEClient` without option 43: EDK2 then asks it on port 4011 and not us.
    case claimsToBeABootServer(IPv4Address)
    /// It gives an address and names a boot file and a server: old iPXE, ROMs and U-Boot follow it.
    case namesABootFile(IPv4Address, file: String)
    /// A second proxy with option 43: which of the two EDK2 takes is chance.
    case secondProxy(IPv4Address)
    /// It names itself as the next server, where U-Boot then looks for its files.
    case namesItselfAsNextServer(IPv4Address)

    /// The server that makes the offer.
    public var server: IPv4Address {
        switch self {
        case .claimsToBeABootServer(let server), .namesABootFile(let server, _), .secondProxy(let server),
            .namesItselfAsNextServer(let server):
            server
        }
    }

    /// Whether this is the same of the same server, whatever the file is called.
    public func isOfSameKind(as other: OfferAdvice) -> Bool {
        switch (self, other) {
        case (.namesABootFile(let server, _), .namesABootFile(let same, _)): server == same
        default: self == other
        }
    }

    /// Whether it matters to a machine of this firmware.
    public func concerns(_ firmware: BootClient.Firmware) -> Bool {
        switch (self, firmware) {
        case (.claimsToBeABootServer, .uefi), (.claimsToBeABootServer, .bios): true
        // Option 43 lifts our offers above it for EDK2's PXE client, and its HTTP client wants an HTTPClient's offer.
        case (.namesABootFile, .iPXE), (.namesABootFile, .bios), (.namesABootFile, .uBoot): true
        case (.secondProxy, .uefi), (.secondProxy, .bios), (.secondProxy, .iPXE): true
        case (.namesItselfAsNextServer, .uBoot): true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .claimsToBeABootServer(let server):
            "DHCP server \(server) sends option 60 \"PXEClient\" without option 43, so UEFI machines ask it for their "
                + "boot file; remove option 60 there"
        case .namesABootFile(let server, let file):
            "DHCP server \(server) names the boot file \"\(file)\" too, and U-Boot, some ROMs and iPXE without priorities "
                + "follow it; remove options 66 and 67 and the boot file there"
        case .secondProxy(let server):
            "\(server) is a PXE proxy too, and machines take whichever answers first; switch one of the two off"
        case .namesItselfAsNextServer(let server):
            "DHCP server \(server) names itself as next-server, so U-Boot looks for its files there; set next-server to "
                + "this host"
        }
    }

    /// What to tell the operator of an offer that was seen; empty for our own and for harmless ones.
    ///
    /// - Parameters:
    ///   - addresses: This host's own. A DHCP server on this host has one of them too, but gives addresses, as we never do.
    ///   - serves: Whether this host has a file of a name, so that to name it here is no fault but how the site is set up.
    public static func advice(
        on offer: DHCPMessage, own addresses: Set<IPv4Address>, serves: (String) -> Bool = { _ in true }
    ) -> [OfferAdvice] {
        guard offer.operation == .reply, let type = offer.messageType, type == .offer || type == .acknowledgement,
            let server = offer.serverIdentifier
        else { return [] }
        let isHere = addresses.contains(server)
        let saysPXE = offer.hasVendorClass(startingWith: "PXEClient")
        let hasMenu = offer[.vendorSpecificInformation] != nil
        guard offer.yourAddress != .any else { return saysPXE && hasMenu && !isHere ? [.secondProxy(server)] : [] }

        var advice: [OfferAdvice] = []
        if saysPXE && !hasMenu && !isHere { advice.append(.claimsToBeABootServer(server)) }
        let file = offer[.bootFileName].map { $0.prefix { $0 != 0 } } ?? offer.bootFile
        let name = String(decoding: file, as: UTF8.self)
        let isURL = file.firstRange(of: Array("://".utf8)) != nil
        if !file.isEmpty && !(addresses.contains(offer.serverAddress) && (isURL || serves(name))) {
            advice.append(.namesABootFile(server, file: printable(file)))
        } else if offer.serverAddress == server && !isHere {
            advice.append(.namesItselfAsNextServer(server))
        }
        return advice
    }

    /// A name out of a stranger's packet, for a line of a log: short, and of printable characters only.
    private static func printable(_ name: ArraySlice<UInt8>) -> String {
        let most = 48
        let shown = name.prefix(most).map {
            (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "\"") ? $0 : UInt8(ascii: "?")
        }
        return String(decoding: shown, as: UTF8.self) + (name.count > most ? "…" : "")
    }
}

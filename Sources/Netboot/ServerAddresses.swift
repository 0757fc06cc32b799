import NetworkTypes

/// Where a client finds this host, seen from the network on which it asked.
public struct ServerAddresses: Sendable {
    /// This host's address on the interface that the message came in by.
    public let address: IPv4Address
    /// What boot URLs begin with, without a slash at the end: "http://10.77.0.3:8080".
    public let httpBase: String
    /// Whether this host serves a file of this name by TFTP. It answers at once.
    public let serves: @Sendable (String) -> Bool
    /// The address as text, which every answer carries.
    let addressText: [UInt8]
    let addressTextAndZero: [UInt8]
    let addressOctets: [UInt8]
    /// Where every machine's first script is.
    let scriptURL: String

    /// Addresses of one interface.
    public init(address: IPv4Address, httpBase: String, serves: @escaping @Sendable (String) -> Bool) {
        self.address = address
        self.httpBase = httpBase
        self.serves = serves
        addressText = Array(address.description.utf8)
        addressTextAndZero = addressText + [0]
        addressOctets = address.octets
        scriptURL = httpBase + ServicePath.firstScript
    }

    /// Addresses of one interface, with URLs that name its address. Port 80 is left out of them.
    public init(address: IPv4Address, httpPort: Int, serves: @escaping @Sendable (String) -> Bool) {
        let base = httpPort == 80 ? "http://\(address)" : "http://\(address):\(httpPort)"
        self.init(address: address, httpBase: base, serves: serves)
    }

    /// Addresses of one interface, of a host that serves these files and no others.
    public init(address: IPv4Address, httpPort: Int, loaders: Set<String>) {
        self.init(address: address, httpPort: httpPort, serves: { loaders.contains($0) })
    }
}

/// File names of the loaders, by which TFTP and HTTP serve them.
public enum Loader {
    /// iPXE for BIOS, which uses the network card's own driver.
    public static let bios = "undionly.kpxe"
    /// iPXE for UEFI on x86-64.
    public static let x64 = "ipxe.efi"
    /// iPXE for UEFI on 64-bit ARM.
    public static let arm64 = "ipxe-arm64.efi"
    /// All of them.
    public static let all = [bios, x64, arm64]

    /// The loader for a platform, or nil if there is none.
    public static func name(for platform: BootClient.Platform) -> String? {
        switch platform {
        case .bios: bios
        case .x64: x64
        case .arm64: arm64
        case .ia32, .arm32, .other: nil
        }
    }

    /// Whether a loader is an EFI program, by its name, as firmware and web servers go by it too.
    static func isForEFI(_ name: String) -> Bool { name.utf8.suffix(4).elementsEqual(".efi".utf8) }

    /// How an operator comes by a loader.
    static func remedy(for name: String) -> String {
        switch name {
        case bios, x64: "install Debian's package ipxe, or put the file there"
        case arm64:
            "Debian has it from version 13 on, in the package ipxe (docs/loaders.md has the command), so put the file "
                + "there"
        default: "put the file there"
        }
    }
}

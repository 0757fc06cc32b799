import TalosModel

/// iPXE as Debian 13 builds it: for arm64, which Debian 12 has none for, and younger for the others.
public struct YoungerIPXE: Sendable {
    /// The folder with `ipxe-arm64.efi`, `ipxe-amd64.efi`, `snponly.efi` and `undionly.kpxe`.
    public let folder: String

    /// Downloads and unpacks Debian 13's package `ipxe` beside the system.
    public init(cache: String) throws(TestSupportError) {
        let packages = try DebianPackages(cache: BuildCache(folder: cache), suite: .trixie)
        // The package is for every architecture; amd64's index names it.
        folder = "\(try packages.unpack("ipxe", for: .amd64).folder)/usr/lib/ipxe"
    }
}

import DHCP
import NetworkTypes

/// A machine that asks to boot, as its DHCP message describes it.
public struct BootClient: Hashable, Sendable {
    /// What speaks.
    public enum Firmware: String, Hashable, Sendable, CaseIterable {
        /// A PXE ROM of a PC with a BIOS.
        case bios
        /// UEFI's PXE client.
        case uefi
        /// UEFI's HTTP boot client.
        case httpBoot
        /// iPXE, out of a network card or loaded by another.
        case iPXE
        /// The boot ROM or EEPROM of a Raspberry Pi.
        case raspberryPi
        /// U-Boot.
        case uBoot
    }

    /// What its loader must run on.
    public enum Platform: String, Hashable, Sendable, CaseIterable {
        /// A PC with a BIOS.
        case bios
        /// 32-bit x86 with UEFI.
        case ia32
        /// 64-bit x86 with UEFI.
        case x64
        /// 64-bit ARM.
        case arm64
        /// 32-bit ARM.
        case arm32
        /// Everything else.
        case other
    }

    /// Its Ethernet address.
    public var mac: MACAddress
    /// Its UUID, unless the firmware does not send one or plainly does not know it.
    public var uuid: SystemUUID?
    /// Of option 93's list the one that is answered, or what option 60 says.
    public var architecture: ClientArchitecture
    /// What speaks.
    public var firmware: Firmware
    /// Whether option 60 is the bare "PXEClient" of our own offers.
    public var hasOurClass: Bool
    /// Whether this is iPXE that was not loaded through us, as far as its message tells.
    ///
    /// iPXE keeps option 60 of the offer that loaded it, which is our bare "PXEClient", while a network card's own iPXE
    /// says `PXEClient:Arch:…`. Only BIOS builds can be told apart so: EFI builds before 2.0 forget the offer that loaded
    /// them, so for EFI this is never claimed.
    public var isNICROM: Bool
    /// What iPXE was built with, if it says so.
    public var iPXEFeatures: IPXEFeatures?

    /// Whether this is iPXE that can fetch a machine's script and run the kernel in it, as far as its message tells.
    ///
    /// What we have loaded ourselves is taken as able, or it would go round for ever.
    public var runsScripts: Bool {
        guard firmware == .iPXE else { return false }
        guard let features = iPXEFeatures, !(platform == .bios && hasOurClass) else { return true }
        return features.speaksHTTP && (platform != .bios || features.isEFI || features.runsBIOSKernels)
    }

    /// What its loader must run on.
    public var platform: Platform {
        switch architecture {
        case .biosX86, .httpBIOS: .bios
        case .uefiIA32, .httpIA32: .ia32
        case .uefiX64, .uefiByteCode, .httpX64: .x64
        case .uefiARM64, .httpARM64, .uBootARM64, .uBootHTTPARM64: .arm64
        case .uefiARM32, .uBootARM32, .uBootHTTPARM32: .arm32
        default: .other
        }
    }

    /// Firmware and platform in a few words, for people.
    public var summary: String {
        // Said of every message, so that it is not made anew for the usual ones.
        switch (firmware, platform, isNICROM) {
        case (.uefi, .x64, _): "UEFI PXE, x64"
        case (.uefi, .arm64, _): "UEFI PXE, arm64"
        case (.iPXE, .x64, _): "iPXE, x64"
        default: describe()
        }
    }

    private func describe() -> String {
        switch firmware {
        case .bios: "BIOS PXE"
        case .uefi: "UEFI PXE, \(platform.rawValue)"
        case .httpBoot: "UEFI HTTP boot, \(platform.rawValue)"
        case .iPXE: isNICROM ? "iPXE in the network card, \(platform.rawValue)" : "iPXE, \(platform.rawValue)"
        case .raspberryPi: "Raspberry Pi boot ROM"
        case .uBoot: "U-Boot, \(platform.rawValue)"
        }
    }
}

extension BootClient {
    /// Who sends this message, or why it is nobody who asks to boot.
    ///
    /// A client asks to boot when its vendor class begins with `PXEClient` or `HTTPClient`, when its user class is iPXE, or
    /// when it is U-Boot. Everything else on the network (phones, running systems) is none of our business.
    ///
    /// - Parameter architecture: Which of the architectures that the client lists it is taken for; nil for the first.
    public static func classify(
        _ message: DHCPMessage, as architecture: ClientArchitecture? = nil
    ) throws(Silence) -> BootClient {
        guard message.operation == .request else { throw .notARequest }
        let isIPXE = message.hasUserClass("iPXE")
        let asksForPXE = message.hasVendorClass(startingWith: "PXEClient")
        let asksForHTTP = message.hasVendorClass(startingWith: "HTTPClient")
        let isUBoot = message.hasVendorClass(startingWith: "U-Boot")
        guard isIPXE || asksForPXE || asksForHTTP || isUBoot else { throw .notBooting }
        guard let mac = message.macAddress else { throw .notEthernet }

        // Option 93 and `Arch:` may both be missing: then it is an old BIOS ROM.
        let architecture = architecture ?? message.firstArchitecture ?? .biosX86
        let uuid = message.clientUUID
        var client = BootClient(
            mac: mac, uuid: uuid?.isPlaceholder == true ? nil : uuid, architecture: architecture, firmware: .bios,
            hasOurClass: message.hasVendorClass("PXEClient"), isNICROM: false, iPXEFeatures: nil)
        if isIPXE {
            client.firmware = .iPXE
            // Option 175 without anything in it says as little as none.
            if let features = message.iPXEFeatures, !features.isEmpty { client.iPXEFeatures = features }
            client.isNICROM =
                architecture == .biosX86 && asksForPXE && message.hasVendorClass(startingWith: "PXEClient:Arch:")
        } else if isUBoot {
            client.firmware = .uBoot
        } else if RaspberryPi.sent(message, from: mac, architecture: architecture) {
            client.firmware = .raspberryPi
        } else if asksForHTTP || architecture.isHTTP {
            client.firmware = .httpBoot
        } else if architecture == .uBootARM32 || architecture == .uBootARM64 {
            client.firmware = .uBoot
        } else if architecture != .biosX86 {
            client.firmware = .uefi
        }
        return client
    }
}

extension ClientArchitecture {
    /// Whether the registry's entry is one of HTTP boot.
    var isHTTP: Bool {
        switch rawValue {
        case 15...20, 23, 24, 26, 28, 30, 38, 40: true
        default: false
        }
    }
}

/// What a client's firmware is (option 93, RFC 4578 §2.1; IANA "Processor Architecture Types").
public struct ClientArchitecture: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// x86 BIOS; Raspberry Pi boot ROMs send it too.
    public static let biosX86 = ClientArchitecture(rawValue: 0)
    /// UEFI on 32-bit x86.
    public static let uefiIA32 = ClientArchitecture(rawValue: 6)
    /// UEFI on x86-64.
    public static let uefiX64 = ClientArchitecture(rawValue: 7)
    /// EFI byte code by the registry, x86-64 by RFC 4578's text: old firmware on x86-64 sends it.
    public static let uefiByteCode = ClientArchitecture(rawValue: 9)
    /// UEFI on 32-bit ARM.
    public static let uefiARM32 = ClientArchitecture(rawValue: 10)
    /// UEFI on 64-bit ARM.
    public static let uefiARM64 = ClientArchitecture(rawValue: 11)
    /// UEFI HTTP boot on 32-bit x86.
    public static let httpIA32 = ClientArchitecture(rawValue: 15)
    /// UEFI HTTP boot on x86-64.
    public static let httpX64 = ClientArchitecture(rawValue: 16)
    /// UEFI HTTP boot on 64-bit ARM.
    public static let httpARM64 = ClientArchitecture(rawValue: 19)
    /// HTTP boot by a PC BIOS.
    public static let httpBIOS = ClientArchitecture(rawValue: 20)
    /// U-Boot on 32-bit ARM.
    public static let uBootARM32 = ClientArchitecture(rawValue: 21)
    /// U-Boot on 64-bit ARM.
    public static let uBootARM64 = ClientArchitecture(rawValue: 22)
    /// U-Boot with HTTP on 32-bit ARM.
    public static let uBootHTTPARM32 = ClientArchitecture(rawValue: 23)
    /// U-Boot with HTTP on 64-bit ARM.
    public static let uBootHTTPARM64 = ClientArchitecture(rawValue: 24)
    /// Reserved for Raspberry Pi boot ROMs.
    public static let raspberryPi = ClientArchitecture(rawValue: 41)

    public var description: String {
        switch self {
        case .biosX86: "x86 BIOS (0)"
        case .uefiIA32: "UEFI IA32 (6)"
        case .uefiX64: "UEFI x64 (7)"
        case .uefiByteCode: "UEFI x64 (9)"
        case .uefiARM32: "UEFI ARM32 (10)"
        case .uefiARM64: "UEFI arm64 (11)"
        case .httpIA32: "UEFI HTTP IA32 (15)"
        case .httpX64: "UEFI HTTP x64 (16)"
        case .httpARM64: "UEFI HTTP arm64 (19)"
        case .httpBIOS: "BIOS HTTP (20)"
        case .uBootARM32: "U-Boot ARM32 (21)"
        case .uBootARM64: "U-Boot arm64 (22)"
        case .uBootHTTPARM32: "U-Boot HTTP ARM32 (23)"
        case .uBootHTTPARM64: "U-Boot HTTP arm64 (24)"
        case .raspberryPi: "Raspberry Pi (41)"
        default: "architecture \(rawValue)"
        }
    }
}

import NetworkTypes
import TalosModel

/// What a machine that boots tells about itself. DHCP knows less of it than iPXE does.
public struct MachineIdentity: Hashable, Sendable {
    /// The address of the interface that boots.
    public var mac: MACAddress
    /// The SMBIOS UUID; nil when it is not known or when firmware made none up.
    public var uuid: SystemUUID?
    /// The SMBIOS serial number, which DHCP never carries.
    public var serial: String?
    /// The processor architecture.
    public var architecture: Architecture?

    /// An identity. A UUID of zeros or ones and an empty serial number name no machine and are left out; white space
    /// around a serial number, which firmware pads with, counts for nothing.
    public init(mac: MACAddress, uuid: SystemUUID? = nil, serial: String? = nil, architecture: Architecture? = nil) {
        self.mac = mac
        self.uuid = uuid.flatMap { $0.isPlaceholder ? nil : $0 }
        let serial = serial.map(Self.trimmed)
        self.serial = serial == "" ? nil : serial
        self.architecture = architecture
    }

    static func trimmed(_ serial: String) -> String {
        let rest = serial.unicodeScalars.drop(while: \.properties.isWhitespace)
        let end = rest.lastIndex { !$0.properties.isWhitespace }
        return end.map { String(Substring(rest[...$0])) } ?? ""
    }
}

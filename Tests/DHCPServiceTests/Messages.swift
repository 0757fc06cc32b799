import DHCP
import NetworkTypes

/// Messages as OVMF sends them.
enum Messages {
    static let mac = MACAddress(value: 0x5254_0077_0010)

    static func uefi(_ type: MessageType, change: (inout DHCPMessage) -> Void = { _ in }) -> DHCPMessage {
        var message = DHCPMessage(operation: .request, transactionID: 0x1234_5678)
        message.flags = .broadcast
        message.clientHardwareAddress = (mac.octets + [UInt8](repeating: 0, count: 10))[...]
        message.options = [
            DHCPOption(.messageType, [type.rawValue]), DHCPOption(.maximumMessageSize, [5, 0xc0]),
            DHCPOption(.clientUUID, [0] + [UInt8](1...16)), DHCPOption(.clientNetworkInterface, [1, 3, 0]),
            DHCPOption(.clientArchitecture, [0, 7]),
            DHCPOption(.vendorClass, Array("PXEClient:Arch:00007:UNDI:003000".utf8)),
        ]
        change(&message)
        return message
    }
}

import CaptureTesting
import DHCP
import NetworkTypes
import TFTP

extension FuzzTarget {
    static func dhcp(_ bytes: [UInt8]) {
        guard let message = try? DHCPMessage(decoding: shifted(bytes)) else { return }
        _ = (message.vendorClass, message.userClasses, message.clientArchitectures, message.clientUUID)
        _ = (message.requestedAddress, message.maximumSize, message.iPXEFeatures, message.hasUserClass("iPXE"))
        require(
            (try? DHCPMessage(decoding: message.encode()[...])) != nil, "what was decoded can be encoded and decoded")
    }

    static func frame(_ bytes: [UInt8]) {
        let packet = Array(bytes.dropFirst(14))
        let datagram = CapturedDatagram(packet: packet.span)
        if let datagram { require(datagram.payload.upperBound <= packet.count, "a payload lies within its packet") }
        guard let frame = try? DatagramFrame(decoding: shifted(bytes)) else { return }
        require(
            datagram.map { Array(packet[$0.payload]) } == Array(frame.payload), "both readings find the same payload")
    }

    static func capture(_ bytes: [UInt8]) { _ = try? PacketCapture(decoding: shifted(bytes)) }

    static func tftp(_ bytes: [UInt8]) {
        if let packet = try? TFTPPacket(decoding: shifted(bytes)) {
            let again = try? TFTPPacket(decoding: packet.encode()[...])
            // Text that is no UTF-8 is replaced, which makes it longer, perhaps too long for what a field may have.
            let isText = packet.encode().elementsEqual(bytes)
            if isText { require(again?.encode() == packet.encode(), "a packet survives its encoding") }
            if case .readRequest(let request) = packet {
                let negotiation = Negotiation(of: request.options, length: 1 << 20)
                var transfer = ReadTransfer(length: 1 << 20, negotiation: negotiation)
                _ = (transfer.start(), transfer.requestRepeated(), transfer.acknowledged(0), transfer.acknowledged(1))
            }
        }
        if let name = try? TFTPFileName(normalizing: bytes) {
            let isSafe = name.components.allSatisfy {
                !["", ".", ".."].contains($0) && !$0.utf8.contains(UInt8(ascii: "/"))
            }
            require(isSafe && !name.components.isEmpty, "a file name stays within its folder")
        }
    }

    /// A transfer under any events: two bytes of options, eight of length, then events of three bytes.
    static func transfer(_ bytes: [UInt8]) {
        guard bytes.count >= 10 else { return }
        let length = bytes[2..<10].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let options = [
            TransferOption("blksize", String(8 + Int(bytes[0]) * 257)), TransferOption("windowsize", String(bytes[1])),
        ]
        var transfer = ReadTransfer(length: length, negotiation: Negotiation(of: options, length: length))
        var acknowledged: UInt64 = 0
        for event in stride(from: 10, to: bytes.count - 2, by: 3) {
            let number = UInt16(bytes[event + 1]) << 8 | UInt16(bytes[event + 2])
            switch bytes[event] % 6 {
            case 0: send(transfer.start(), of: transfer)
            case 1: send(transfer.requestRepeated(), of: transfer)
            case 2: send(transfer.roomReturned(), of: transfer)
            case 3: send(transfer.timedOut(), of: transfer)
            case 4: send(transfer.received(TFTPErrorCode(rawValue: number)), of: transfer)
            default: send(transfer.acknowledged(number), of: transfer)
            }
            require(transfer.acknowledged >= acknowledged, "a transfer goes on only")
            acknowledged = transfer.acknowledged
        }
    }

    private static func send(_ action: ReadTransfer.Action, of transfer: ReadTransfer) {
        guard case .send(let blocks, _) = action else { return }
        require(blocks.upperBound <= transfer.lastBlock, "no block behind the last is sent")
        require(transfer.bytes(of: blocks).upperBound <= transfer.length, "no byte behind the end is sent")
    }

    static func addresses(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let mac = MACAddress(parsing: text) {
            require(MACAddress(parsing: mac.description) == mac, "a MAC address is what it prints")
            require(MACAddress(parsing: mac.hyphenated) == mac, "a MAC address is what it prints with dashes")
        }
        if let uuid = SystemUUID(parsing: text) {
            require(SystemUUID(parsing: uuid.description) == uuid, "a UUID is what it prints")
            require(uuid.byteSwapped.byteSwapped == uuid, "a UUID swapped twice is itself")
        }
        if let address = IPv4Address(parsing: text) {
            require(address.description == text, "an address is what it prints")
        }
    }
}

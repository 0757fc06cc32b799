import DHCP
import NetworkTypes

extension NetbootPolicy {
    /// The one shape of answer that every tried firmware takes.
    ///
    /// The order is that of classic servers, 53 first. The boot file comes last and ends with a zero, because some ROMs read
    /// one byte too many and EDK2 writes a zero behind it. Only the relay's own option stands behind it, for the relay to
    /// cut off again (RFC 3046 §2.2).
    static func reply(
        to message: DHCPMessage, from client: BootClient, naming file: BootFile, on port: ServicePort,
        at source: SocketEndpoint, server: ServerAddresses
    ) throws(Silence) -> DHCPReply {
        let isHTTP = client.firmware == .httpBoot
        var reply = DHCPMessage(operation: .reply, transactionID: message.transactionID)
        reply.hardwareType = message.hardwareType
        reply.hardwareLength = message.hardwareLength
        reply.flags = message.flags
        reply.clientAddress = port == .bootServer ? message.clientAddress : .any
        // iPXE does not count an offer without siaddr as one that boots.
        reply.serverAddress = server.address
        reply.relayAddress = message.relayAddress
        reply.clientHardwareAddress = message.clientHardwareAddress
        if !isHTTP { reply.serverName = server.addressText[...] }
        // The header's field needs its zero; a name cut short is worse than none there.
        if let name = file.name, name.utf8.count < headerFileLength { reply.setBootFile(name) }

        reply.append(.messageType, byte: (port == .dhcp ? MessageType.offer : .acknowledgement).rawValue)
        // Without 54 EDK2 drops the offer.
        reply.append(.serverIdentifier, server.addressOctets)
        // Never an echo of the client's: iPXE takes ours over, and HTTP clients refuse "PXEClient".
        reply.append(.vendorClass, isHTTP ? httpClass : pxeClass)
        if !isHTTP { reply.append(.vendorSpecificInformation, vendorInformation(for: client, message)) }
        if let uuid = message[.clientUUID] { reply.append(.clientUUID, uuid) }
        // iPXE compares the offers that it has, and one without priority counts as one of priority 0: a server that gives the
        // address and names a boot file would win.
        if client.firmware == .iPXE { reply.append(.iPXEEncapsulated, highPriority) }
        if !isHTTP { reply.append(.tftpServerName, server.addressTextAndZero[...]) }
        if let name = file.name { reply.append(.bootFileName, zeroTerminated: name) }
        if let relay = message.relayAgentInformation { reply.append(.relayAgentInformation, relay) }
        try fit(&reply, into: message.maximumSize)

        return DHCPReply(
            message: reply, destination: destination(of: message, on: port, from: source), port: port)
    }

    /// Where an answer goes. It gives no address, so without relay or client address there is nobody to unicast to,
    /// whatever the broadcast flag says (RFC 2131 §4.1).
    static func destination(
        of message: DHCPMessage, on port: ServicePort, from source: SocketEndpoint
    ) -> SocketEndpoint {
        if message.relayAddress != .any {
            return SocketEndpoint(address: message.relayAddress, port: ServicePort.dhcp.rawValue)
        }
        // On 4011 EDK2 asks from 4011 and others from 68; both wait where they asked from.
        if port == .bootServer && source.address != .any { return source }
        if message.clientAddress != .any {
            return SocketEndpoint(address: message.clientAddress, port: clientPort)
        }
        return SocketEndpoint(address: .broadcast, port: clientPort)
    }

    /// Leaves out what the client can do without until the answer fits; option 57 counts the headers of IP and UDP too,
    /// and every client takes 576 bytes (RFC 2131 §2).
    private static func fit(_ reply: inout DHCPMessage, into maximumSize: UInt16?) throws(Silence) {
        let allowed = max(Int(maximumSize ?? 576), 576) - 28
        guard reply.encodedLength > allowed else { return }
        for code in [OptionCode.tftpServerName, .clientUUID] where reply.encodedLength > allowed {
            reply.remove(code)
        }
        let needed = reply.encodedLength
        guard needed <= allowed else { throw .replyTooLong(needed: needed + 28, allowed: allowed + 28) }
    }

    private static func vendorInformation(for client: BootClient, _ message: DHCPMessage) -> [UInt8] {
        client.firmware == .raspberryPi ? RaspberryPi.vendorInformation(for: message) : bootNamedFile
    }

    private static let pxeClass = Array("PXEClient".utf8)
    private static let httpClass = Array("HTTPClient".utf8)
    /// Sub-option 6 with bit 3: boot the file named here, without asking on 4011 (PXE 2.1 table 2-1).
    private static let bootNamedFile: [UInt8] = [6, 1, 8, 255]
    /// Sub-option 1 of iPXE's: the priority of these settings, a signed byte.
    private static let highPriority: [UInt8] = [1, 1, 1]
    private static let headerFileLength = 128
    private static let clientPort: UInt16 = 68
}

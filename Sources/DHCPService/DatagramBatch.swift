import CLinux
import DHCP
import Glibc
import NetworkTypes

/// Room for the datagrams that one thread receives and sends, many with one system call.
struct DatagramBatch: ~Copyable {
    /// The longest payload that is received or sent, in bytes.
    static let longestPayload = 2048
    /// The most datagrams of one receive.
    static let capacity = Int(LINUX_BATCH)
    /// Captured packets have headers in front of their payload, of which IPv4's may be 60 bytes long.
    private static let longestPacket = longestPayload + 60 + 8
    private static let slotSize = DatagramHeaders.size + longestPayload

    private let receiver: OpaquePointer
    private let sender: OpaquePointer
    /// What waits to be sent, each in a slot of its own.
    private let outgoing: UnsafeMutablePointer<UInt8>

    init() throws(DHCPServiceError) {
        guard let receiver = linux_receiver_create(Self.longestPacket) else { throw Self.withoutMemory }
        guard let sender = linux_sender_create() else {
            linux_receiver_free(receiver)
            throw Self.withoutMemory
        }
        self.receiver = receiver
        self.sender = sender
        outgoing = .allocate(capacity: Self.slotSize * Self.capacity)
    }

    deinit {
        linux_receiver_free(receiver)
        linux_sender_free(sender)
        outgoing.deallocate()
    }

    private static var withoutMemory: DHCPServiceError { .system(action: "making room for datagrams", code: ENOMEM) }

    /// Takes what waits at a socket, without waiting for it.
    /// - Returns: How many datagrams, or a negative error number.
    func receive(from socket: Int32) -> Int { Int(linux_receive(receiver, socket)) }

    /// A datagram of those that were received.
    /// - Parameter isPacket: Whether the socket is a capture's, which gives whole IPv4 packets.
    func datagram(_ position: Int, isPacket: Bool) -> ReceivedDatagram {
        ReceivedDatagram(linux_received(receiver, Int32(position)), isPacket: isPacket)
    }

    /// Adds a datagram to those that wait to be sent.
    ///
    /// - Parameters:
    ///   - source: The address that it leaves from, and the port, or none for a socket that has one.
    ///   - interface: By which it leaves; 0 for the routes' choice.
    /// - Returns: False if there is no room, or it is too long.
    func add(
        _ payload: [UInt8], to destination: SocketEndpoint, from source: SocketEndpoint, hasPort: Bool,
        interface: UInt32
    ) -> Bool {
        let position = Int(linux_sender_count(sender))
        guard payload.count <= Self.longestPayload, linux_sender_has_room(sender, 1) else { return false }
        let slot = outgoing + position * Self.slotSize
        var length = 0
        if !hasPort {
            guard let headers = DatagramHeaders.bytes(from: source, to: destination, payload: payload) else {
                return false
            }
            slot.update(from: headers, count: headers.count)
            length = headers.count
        }
        (slot + length).update(from: payload, count: payload.count)
        length += payload.count
        return linux_sender_add(
            sender, destination.address.value, hasPort ? destination.port : 0, source.address.value, interface, slot,
            length, 0)
    }

    /// Sends all that waits.
    /// - Returns: How many could not be sent, and the last one's error number.
    func flush(to socket: Int32) -> (failed: UInt64, code: Int32) {
        var outcome: (failed: UInt64, code: Int32) = (0, 0)
        while linux_sender_count(sender) > 0 {
            let code = linux_sender_flush(sender, socket)
            guard code != 0 else { break }
            // The first of the rest is at fault; the others are none the worse for it.
            outcome = (outcome.failed + 1, code)
            linux_sender_skip(sender)
        }
        return outcome
    }
}

/// A datagram as it came.
struct ReceivedDatagram {
    /// The sender; unspecified if it is damaged.
    var source = SocketEndpoint(address: .any, port: 0)
    /// Where it went; the port is 0 from a socket, which has one only.
    var destination = SocketEndpoint(address: .any, port: 0)
    /// The index of the interface by which it came.
    var interface: UInt32
    /// From a capture: whether it was broadcast on its link.
    var isForAll: Bool
    /// Its payload, until the next receive; nil if it is damaged or too long.
    var payload: UnsafeRawBufferPointer?

    fileprivate init(_ datagram: linux_datagram, isPacket: Bool) {
        interface = datagram.interface
        isForAll = datagram.is_for_all
        let bytes = UnsafeBufferPointer(start: datagram.bytes, count: Int(datagram.length))
        if !isPacket {
            source = SocketEndpoint(address: IPv4Address(value: datagram.source), port: datagram.source_port)
            destination.address = IPv4Address(value: datagram.destination)
        }
        guard !datagram.is_truncated else { return }
        var range = bytes.indices
        if isPacket {
            guard let packet = CapturedDatagram(packet: bytes.span) else { return }
            (source, destination, range) = (packet.source, packet.destination, packet.payload)
        }
        guard range.count <= DatagramBatch.longestPayload else { return }
        payload = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[range]))
    }
}

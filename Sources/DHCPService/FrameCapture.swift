import CPcap
import DHCP
import Foundation
import NetworkTypes

/// A live capture of UDP datagrams on an interface, through which frames can be sent as well. The owner of a libpcap handle.
final class FrameCapture {
    private let handle: OpaquePointer
    private let interface: String
    let descriptor: Int32

    /// Captures datagrams to these ports that come in by the interface; what this host sends is not seen.
    init(interface: String, ports: [UInt16]) throws(DHCPServiceError) {
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard let handle = pcap_create(interface, &message) else {
            throw .capture(interface: interface, reason: Self.text(message))
        }
        self.handle = handle
        self.interface = interface
        pcap_set_snaplen(handle, 4096)
        pcap_set_promisc(handle, 0)
        pcap_set_immediate_mode(handle, 1)
        pcap_set_buffer_size(handle, 4 << 20)
        let status = pcap_activate(handle)
        if status < 0 {
            let reason = String(cString: pcap_geterr(handle))
            pcap_close(handle)
            switch status {
            case PCAP_ERROR_PERM_DENIED: throw .mayNotCapture(interface: interface)
            case PCAP_ERROR_NO_SUCH_DEVICE: throw .unknownInterface(interface, known: [])
            default: throw .capture(interface: interface, reason: reason.isEmpty ? "error \(status)" : reason)
            }
        }
        guard pcap_datalink(handle) == DLT_EN10MB else {
            pcap_close(handle)
            throw .notEthernet(interface: interface)
        }
        let filter = "udp and (" + ports.map { "dst port \($0)" }.joined(separator: " or ") + ")"
        var program = bpf_program()
        // The netmask is used only by filters that name broadcasts.
        guard pcap_compile(handle, &program, filter, 1, bpf_u_int32.max) == 0, pcap_setfilter(handle, &program) == 0,
            pcap_setdirection(handle, PCAP_D_IN) == 0, pcap_setnonblock(handle, 1, &message) == 0
        else {
            let reason = String(cString: pcap_geterr(handle))
            pcap_freecode(&program)
            pcap_close(handle)
            throw .capture(interface: interface, reason: reason)
        }
        pcap_freecode(&program)
        descriptor = pcap_get_selectable_fd(handle)
    }

    deinit { pcap_close(handle) }

    /// The next frame that is waiting, or nil.
    func next() throws(DHCPServiceError) -> [UInt8]? {
        var header: UnsafeMutablePointer<pcap_pkthdr>?
        var bytes: UnsafePointer<UInt8>?
        switch pcap_next_ex(handle, &header, &bytes) {
        case 1:
            guard let header, let bytes else { return nil }
            return Array(UnsafeBufferPointer(start: bytes, count: Int(header.pointee.caplen)))
        case 0: return nil
        default: throw .capture(interface: interface, reason: String(cString: pcap_geterr(handle)))
        }
    }

    /// Sends a whole frame; false if the interface did not take it.
    func send(_ frame: [UInt8]) -> Bool { pcap_inject(handle, frame, frame.count) == Int32(frame.count) }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

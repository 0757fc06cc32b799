import CLinux
import Glibc

/// Room for the datagrams that one thread receives and sends with one system call each.
struct DatagramBatch: ~Copyable {
    let place: OpaquePointer

    init() throws(DHCPServiceError) {
        guard let place = dhcp_batch_create() else {
            throw .system(action: "making room for datagrams", code: ENOMEM)
        }
        self.place = place
    }

    deinit { dhcp_batch_destroy(place) }
}

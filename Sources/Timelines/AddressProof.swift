import NetworkTypes

/// Whether an address is known to be a machine's well enough to hand it that machine's secrets. What was merely heard names a
/// story; it proves nothing.
public enum AddressProof: Hashable, Sendable {
    /// It is this machine's.
    case machine(MACAddress)
    /// Nothing proves whose it is, for this reason.
    case none(reason: String)
}

extension BootObserver {
    /// An observer that only listens has no proof of anything.
    public func proof(of address: IPv4Address) async -> AddressProof {
        .none(reason: "nothing here proves whose address \(address) is")
    }
}

/// Whether a machine may boot, by the operator's wishes.
public enum BootVerdict: Hashable, Sendable {
    /// It may.
    case answer(BootOptions)
    /// It is left alone, for this reason.
    case ignore(reason: String)
}

/// How a machine that may boot is answered.
public struct BootOptions: Hashable, Sendable {
    /// Whether iPXE in a network card is replaced by ours before it gets its script. The default is not.
    ///
    /// Only BIOS builds are replaced, because only those can be told from our own, which must get the script or go round
    /// for ever.
    public var chainload: Bool
    /// How long to wait before answering; a few ROMs miss an answer that comes at once. The default is not at all.
    public var delay: Duration

    /// Options for a machine.
    public init(chainload: Bool = false, delay: Duration = .zero) {
        self.chainload = chainload
        self.delay = delay
    }
}

/// Why a message gets no answer.
public enum Silence: Error, Hashable, Sendable, CustomStringConvertible {
    /// A server's message.
    case notARequest
    /// Its sender does not ask to boot.
    case notBooting
    /// Its sender has no Ethernet address.
    case notEthernet
    /// A REQUEST on port 67 is for the server that gave the lease.
    case leaseRequest
    /// A type that is not answered on this port.
    case otherMessage(String)
    /// The operator wants it left alone.
    case ignored(reason: String)
    /// There is no loader for this architecture.
    case unsupported(String)
    /// This host does not have the loader.
    case loaderMissing(String)
    /// The client takes no datagram as long as the answer would be.
    case replyTooLong(needed: Int, allowed: Int)

    /// A short name for metrics; there are as many as cases.
    public enum Label: String, CaseIterable, Hashable, Sendable {
        // One for each case of `Silence`, whose comments say what they mean.
        case notARequest, notBooting, notEthernet, leaseRequest, otherMessage, ignored, unsupported, loaderMissing
        case replyTooLong
    }

    /// The case without its details.
    public var label: Label {
        switch self {
        case .notARequest: .notARequest
        case .notBooting: .notBooting
        case .notEthernet: .notEthernet
        case .leaseRequest: .leaseRequest
        case .otherMessage: .otherMessage
        case .ignored: .ignored
        case .unsupported: .unsupported
        case .loaderMissing: .loaderMissing
        case .replyTooLong: .replyTooLong
        }
    }

    public var description: String {
        switch self {
        case .notARequest: "it is a server's message"
        case .notBooting:
            "its sender does not ask to boot: no PXEClient, HTTPClient, iPXE or U-Boot in options 60 and 77"
        case .notEthernet: "its sender has no Ethernet address"
        case .leaseRequest: "a REQUEST on port 67 is for the server that gave the address; a proxy stays silent"
        case .otherMessage(let type): "\(type) is not answered on this port"
        case .ignored(let reason): reason
        case .unsupported(let architecture): "there is no loader for \(architecture)"
        case .loaderMissing(let name):
            "the loader \(name) is not on this host; install it (Debian: package ipxe) or put it into tftp-root"
        case .replyTooLong(let needed, let allowed):
            "the answer has \(needed) bytes and the client takes \(allowed) (option 57); shorten the boot URL"
        }
    }
}

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
    /// The loader's file name, in place of the one for the platform; nil for that one. Only firmware's PXE and HTTP clients get it.
    public var loader: String?

    /// Options for a machine.
    public init(chainload: Bool = false, loader: String? = nil) {
        self.chainload = chainload
        self.loader = loader
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
    /// A Raspberry Pi asks, and this host has no tree for it.
    case treeMissing
    /// The client takes no datagram as long as the answer would be.
    case replyTooLong(needed: Int, allowed: Int)

    /// A short name for metrics; there are as many as cases.
    public enum Label: String, CaseIterable, Hashable, Sendable {
        // One for each case of `Silence`, whose comments say what they mean.
        case notARequest, notBooting, notEthernet, leaseRequest, otherMessage, ignored, unsupported, loaderMissing
        case treeMissing, replyTooLong
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
        case .treeMissing: .treeMissing
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
            "the loader \(name) is neither in a loader folder (--loader-folder) nor in the folder of --tftp-root; "
                + Loader.remedy(for: name)
        case .treeMissing:
            "the folder of --tftp-root has no files for a Raspberry Pi; put its tree there, with bootcode.bin, start4.elf or "
                + "config.txt at the top or in a folder named after the board's serial number or address"
        case .replyTooLong(let needed, let allowed):
            "the answer has \(needed) bytes and the client takes \(allowed) (option 57); shorten the boot URL"
        }
    }
}

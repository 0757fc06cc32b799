import Glibc
import NetworkTypes
import TFTP

extension TFTPServer {
    /// How a server listens and what it grants.
    public struct Settings: Sendable {
        /// The addresses to listen on. The default is all. Answers leave from the address that was asked.
        public var addresses: [IPv4Address] = [.any]
        /// The port of requests. The default is 69; with 0 the system chooses one for each address.
        public var port: UInt16 = 69
        /// What options are granted at most.
        public var limits = TransferLimits()
        /// Smaller blocks for clients behind links that the server cannot see, such as a VXLAN. The smallest counts.
        public var blockSizeLimits: [BlockSizeLimit] = []
        /// How often something is sent again.
        public var retry = RetryPolicy()
        /// How many transfers may be under way at once. The default is 4096. Beyond them a new one takes the place of the
        /// oldest whose client has not answered yet, else of one whose client has fallen silent.
        public var maximumTransfers = 4096
        /// How many of them for one client address. The default is 8; behind address translation many machines share one.
        public var maximumTransfersPerClient = 8
        /// Whether all packets leave from the request port, for clients behind firewalls and address translation. The
        /// default is no: transfers have ports of their own, as RFC 1350 has it.
        public var singlePort = false
        /// How many threads move the packets. The default is one for two processors, and 4 at most; always 1 in single-port
        /// mode.
        public var threads: Int?

        /// The defaults.
        public init() {}
    }

    /// The largest block for the clients of one network.
    public struct BlockSizeLimit: Hashable, Sendable {
        /// An address of the network.
        public var address: IPv4Address
        /// The length of its prefix, 0 to 32.
        public var prefixLength: Int
        /// The largest block in bytes: the path's MTU less 32.
        public var maximumBlockSize: Int

        /// A limit.
        public init(address: IPv4Address, prefixLength: Int, maximumBlockSize: Int) {
            self.address = address
            self.prefixLength = prefixLength
            self.maximumBlockSize = maximumBlockSize
        }

        /// Reads "10.1.0.0/16=1418", or "1024" for all networks; nil if it is neither. Sizes are 8 to 65464 (RFC 2348).
        public init?(parsing text: String) {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let number = parts.last, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let size = Int(number), (8...TFTPPacket.largestBlock).contains(size)
            else { return nil }
            guard parts.count == 2 else {
                self.init(address: .any, prefixLength: 0, maximumBlockSize: size)
                return
            }
            let network = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard network.count == 2, let address = IPv4Address(parsing: network[0]),
                network[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(network[1]), length <= 32
            else { return nil }
            self.init(address: address, prefixLength: length, maximumBlockSize: size)
        }

        func covers(_ client: IPv4Address) -> Bool {
            let mask = prefixLength <= 0 ? 0 : UInt32.max << UInt32(32 - min(prefixLength, 32))
            return (address.value ^ client.value) & mask == 0
        }
    }
}

/// Why a server cannot run.
public enum TFTPServerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A socket cannot be opened or bound.
    case binding(SocketEndpoint, errno: Int32)
    /// The system has no more of what a thread needs.
    case resources(errno: Int32)
    /// There is no address to listen on.
    case noAddresses
    /// `run()` was called a second time.
    case ranAlready

    public var description: String {
        switch self {
        case .binding(let endpoint, let errno):
            switch errno {
            case EADDRINUSE:
                "another server holds \(endpoint); stop it, or choose another address"
            case EACCES:
                "binding \(endpoint) needs the capability CAP_NET_BIND_SERVICE; grant it, or choose a port from 1024"
            case EADDRNOTAVAIL: "no interface has the address of \(endpoint); choose one that 'ip -4 address' shows"
            default: "\(endpoint): \(String(cString: strerror(errno)))"
            }
        case .resources(let errno):
            "no thread can be started: \(String(cString: strerror(errno))); raise "
                + (errno == EMFILE || errno == ENFILE
                    ? "the limit of open files" : "TasksMax of the systemd unit, or the limit on processes (ulimit -u)")
        case .noAddresses: "there is no address to listen on"
        case .ranAlready: "this server has run before, and it runs only once"
        }
    }
}

import DHCP
import NetworkTypes

/// The two ports of a boot server.
public enum ServicePort: UInt16, Hashable, Sendable, CaseIterable {
    /// Where DHCP servers and proxies listen.
    case dhcp = 67
    /// Where a PXE boot server is asked directly (PXE 2.1 §2.2.3).
    case bootServer = 4011
}

/// An answer, and where it goes. It leaves from the port on which the message came in: iPXE and some ROMs drop others.
public struct DHCPReply: Hashable, Sendable {
    /// What is said.
    public var message: DHCPMessage
    /// To whom.
    public var destination: SocketEndpoint
    /// From which port.
    public var port: ServicePort
}

/// What a client is told to fetch.
public enum BootFile: Hashable, Sendable {
    /// A loader by TFTP.
    case loader(String)
    /// A loader by HTTP.
    case loaderURL(String)
    /// The machine's iPXE script.
    case script(String)
    /// Names are fixed inside the client; it needs only the server's address.
    case serverOnly

    /// The name or URL; nil if the client knows its names itself.
    public var name: String? {
        switch self {
        case .loader(let name), .loaderURL(let name), .script(let name): name
        case .serverOnly: nil
        }
    }
}

/// What is done with a message, and why.
public struct BootDecision: Sendable {
    /// What is done.
    public enum Outcome: Hashable, Sendable {
        /// An answer that names this file.
        case reply(DHCPReply, BootFile)
        /// Nothing.
        case silence(Silence)
    }

    /// Who asked, if it was somebody who wants to boot.
    public var client: BootClient?
    /// What is done.
    public var outcome: Outcome

    /// The answer, if there is one.
    public var reply: DHCPReply? { if case .reply(let reply, _) = outcome { reply } else { nil } }

    /// Why, in a sentence for people.
    public var reason: String {
        switch outcome {
        case .silence(let silence): return "no answer: \(silence)"
        case .reply(let reply, let file):
            let who = client?.summary ?? "client"
            let what = NetbootPolicy.explanation(of: file, for: client)
            return "\(who): \(reply.message.messageType?.description ?? "answer") to \(reply.destination), \(what)"
        }
    }
}

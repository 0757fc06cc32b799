import DHCP
import NetworkTypes

/// Decides which message gets which answer. Nothing here waits, looks anything up or depends on earlier messages, so two
/// servers with the same settings answer alike.
public enum NetbootPolicy {
    /// What to do with a message.
    ///
    /// - Parameters:
    ///   - message: What came in.
    ///   - port: On which port.
    ///   - source: Where it came from.
    ///   - server: How this host is reached from there.
    ///   - verdict: Whether a client may boot; asked only for messages that would be answered.
    public static func decide(
        _ message: DHCPMessage, on port: ServicePort, from source: SocketEndpoint, server: ServerAddresses,
        verdict: (BootClient) -> BootVerdict
    ) -> BootDecision {
        var decision = answer(message, as: message.firstArchitecture, on: port, from: source, server, verdict)
        guard decision.lacksLoader else { return decision }
        // A client lists what it can run; the first that can be served counts.
        for architecture in message.clientArchitectures.prefix(mostArchitectures).dropFirst() where decision.lacksLoader
        {
            let next = answer(message, as: architecture, on: port, from: source, server, verdict)
            // That a loader is missing is said rather than that there is none for another architecture.
            if !next.lacksLoader || decision.isUnsupported && !next.isUnsupported { decision = next }
        }
        return decision
    }

    private static func answer(
        _ message: DHCPMessage, as architecture: ClientArchitecture?, on port: ServicePort,
        from source: SocketEndpoint, _ server: ServerAddresses, _ verdict: (BootClient) -> BootVerdict
    ) -> BootDecision {
        let client: BootClient
        do throws(Silence) {
            client = try BootClient.classify(message, as: architecture)
        } catch {
            return BootDecision(client: nil, outcome: .silence(error))
        }
        do throws(Silence) {
            try checkType(of: message, on: port)
            switch verdict(client) {
            case .ignore(let reason): throw .ignored(reason: reason)
            case .answer(let options):
                let file = try bootFile(for: client, message, options: options, server: server)
                let reply = try reply(to: message, from: client, naming: file, on: port, at: source, server: server)
                return BootDecision(client: client, outcome: .reply(reply, file))
            }
        } catch {
            return BootDecision(client: client, outcome: .silence(error))
        }
    }

    private static let mostArchitectures = 16

    /// A proxy answers DISCOVER on 67 and REQUEST on 4011. A REQUEST on 67 confirms another server's lease: an answer of
    /// ours, which gives no address, could be taken for that server's.
    private static func checkType(of message: DHCPMessage, on port: ServicePort) throws(Silence) {
        switch (port, message.messageType) {
        case (.dhcp, .discover), (.bootServer, .request): return
        case (.dhcp, .request): throw .leaseRequest
        case (_, let type): throw .otherMessage(type?.description ?? "BOOTP without a message type")
        }
    }

    /// What a client is told to fetch.
    private static func bootFile(
        for client: BootClient, _ message: DHCPMessage, options: BootOptions, server: ServerAddresses
    ) throws(Silence) -> BootFile {
        func loader() throws(Silence) -> String {
            guard let usual = Loader.name(for: client.platform) else {
                throw .unsupported(client.architecture.description)
            }
            // One choice may stand for machines of both kinds, and neither can start the other's.
            let chosen = options.loader.flatMap { Loader.isForEFI($0) == Loader.isForEFI(usual) ? $0 : nil } ?? usual
            guard server.serves(chosen) else { throw .loaderMissing(chosen) }
            return chosen
        }
        switch client.firmware {
        case .iPXE:
            guard client.isNICROM && options.chainload || !client.runsScripts, Loader.name(for: client.platform) != nil
            else { return .script(server.scriptURL) }
            return .loader(try loader())
        case .httpBoot:
            guard client.platform != .bios else { throw .unsupported(client.architecture.description) }
            return .loaderURL(server.httpBase + ServicePath.loader(try loader()))
        case .bios, .uefi: return .loader(try loader())
        case .raspberryPi:
            guard RaspberryPi.hasTree(message, from: client.mac, serves: server.serves) else { throw .treeMissing }
            return .serverOnly
        case .uBoot: return .serverOnly
        }
    }

    static func explanation(of file: BootFile, for client: BootClient?) -> String {
        switch file {
        case .loader(let name) where client?.firmware == .iPXE:
            "loader \(name) by TFTP in place of "
                + (client?.runsScripts == true ? "" : "one that cannot run its script, ")
                + "the network card's own iPXE"
        case .loader(let name): "loader \(name) by TFTP"
        case .loaderURL(let url): "loader \(url)"
        case .script(let url): "script \(url)"
        case .serverOnly where client?.firmware == .uBoot:
            "TFTP server only; U-Boot heeds it when built with CONFIG_SERVERIP_FROM_PROXYDHCP, else the site's DHCP "
                + "server must name this host as next-server"
        case .serverOnly: "TFTP server only"
        }
    }
}

extension BootDecision {
    /// Whether there is no answer because there is nothing to load.
    fileprivate var lacksLoader: Bool {
        switch outcome {
        case .silence(.unsupported), .silence(.loaderMissing): true
        default: false
        }
    }

    fileprivate var isUnsupported: Bool {
        if case .silence(.unsupported) = outcome { true } else { false }
    }
}

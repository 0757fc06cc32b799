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
        let client: BootClient
        do throws(Silence) {
            client = try BootClient.classify(message)
        } catch {
            return BootDecision(client: nil, outcome: .silence(error))
        }
        do throws(Silence) {
            try checkType(of: message, on: port)
            switch verdict(client) {
            case .ignore(let reason): throw .ignored(reason: reason)
            case .answer(let options):
                let file = try bootFile(for: client, options: options, server: server)
                var reply = try reply(to: message, from: client, naming: file, on: port, at: source, server: server)
                reply.delay = options.delay
                return BootDecision(client: client, outcome: .reply(reply, file))
            }
        } catch {
            return BootDecision(client: client, outcome: .silence(error))
        }
    }

    /// The answer to a message, or nil.
    public static func reply(
        to message: DHCPMessage, on port: ServicePort, from source: SocketEndpoint, verdict: BootVerdict,
        server: ServerAddresses
    ) -> DHCPReply? {
        decide(message, on: port, from: source, server: server) { _ in verdict }.reply
    }

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
    public static func bootFile(
        for client: BootClient, options: BootOptions, server: ServerAddresses
    ) throws(Silence) -> BootFile {
        func available(_ name: String) throws(Silence) -> String {
            guard server.loaders.contains(name) else { throw .loaderMissing(name) }
            return name
        }
        switch client.firmware {
        case .iPXE:
            // iPXE built without HTTP cannot fetch the script; ours can.
            let speaksHTTP = client.iPXEFeatures?.speaksHTTP ?? true
            if client.isNICROM && options.chainload || !speaksHTTP, let loader = Loader.name(for: client.platform) {
                return .loader(try available(loader))
            }
            return .script("\(server.httpBase)/boot.ipxe")
        case .httpBoot:
            guard client.platform != .bios, let loader = Loader.name(for: client.platform) else {
                throw .unsupported(client.architecture.description)
            }
            return .loaderURL("\(server.httpBase)/loaders/\(try available(loader))")
        case .bios, .uefi:
            guard let loader = Loader.name(for: client.platform) else {
                throw .unsupported(client.architecture.description)
            }
            return .loader(try available(loader))
        case .raspberryPi:
            guard !RaspberryPi.treeMarks.isDisjoint(with: server.loaders) else { throw .loaderMissing("bootcode.bin") }
            return .serverOnly
        case .uBoot:
            return .serverOnly
        }
    }

    static func explanation(of file: BootFile, for client: BootClient?) -> String {
        switch file {
        case .loader(let name) where client?.firmware == .iPXE:
            "loader \(name) by TFTP in place of the network card's own iPXE"
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

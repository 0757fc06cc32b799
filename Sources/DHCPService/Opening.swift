import Foundation
import Logging
import Netboot

/// Opens a socket or a capture for each interface that is to be served, all of them or none.
struct Opening {
    private(set) var servers: [DatagramListener] = []
    private(set) var listeners: [DHCPServer.Listener] = []

    init(_ settings: DHCPSettings, _ all: [NetworkInterface], _ logger: Logger) throws(DHCPServiceError) {
        var captured: Set<String> = []
        for wanted in settings.interfaces {
            guard let interface = all.first(where: { $0.name == wanted.name }) else {
                throw .unknownInterface(wanted.name, known: all.map(\.name))
            }
            guard !interface.addresses.isEmpty else { throw .noAddress(interface: wanted.name) }
            switch wanted.listening {
            case .socket: try bind(settings.ports, on: wanted.name)
            case .automatic, .capture: captured.insert(wanted.name)
            }
        }
        if !captured.isEmpty {
            try capture(settings.ports, on: captured)
        } else if settings.interfaces.isEmpty {
            switch settings.listening {
            case .socket: try bind(settings.ports, on: nil)
            case .automatic, .capture: try capture(settings.ports, on: nil)
            }
        }
        for listener in listeners {
            logger.info(
                "listening for DHCP",
                metadata: [
                    "dhcp.port": "\(listener.number)", "dhcp.interface": "\(listener.interface ?? "all")",
                    "dhcp.listening": "\(listener.isCapture ? "capture" : "socket")",
                ])
        }
    }

    private mutating func bind(_ ports: DHCPSettings.Ports, on interface: String?) throws(DHCPServiceError) {
        for port in ServicePort.allCases {
            let number = ports.number(of: port)
            let server = try DatagramListener(port, number: number, interface: interface)
            servers.append(server)
            listeners.append(
                DHCPServer.Listener(
                    port: port, number: server.number ?? number, interface: interface, isCapture: false))
        }
    }

    private mutating func capture(
        _ ports: DHCPSettings.Ports, on interfaces: Set<String>?
    ) throws(DHCPServiceError) {
        servers.append(try DatagramListener(capturing: ports, on: interfaces))
        let names: [String?] = interfaces?.sorted() ?? [nil]
        for name in names {
            for port in ServicePort.allCases {
                listeners.append(
                    DHCPServer.Listener(
                        port: port, number: ports.number(of: port), interface: name, isCapture: true))
            }
        }
    }
}

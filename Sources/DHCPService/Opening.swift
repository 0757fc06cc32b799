import Foundation
import Logging
import Netboot

/// Decides for each interface and port between socket and capture, and opens all of them or none.
struct Opening {
    private(set) var sockets: [SocketListener] = []
    private(set) var captures: [CaptureListener] = []
    private(set) var listeners: [DHCPServer.Listener] = []

    init(_ settings: DHCPSettings, _ all: [NetworkInterface], _ logger: Logger) throws(DHCPServiceError) {
        if settings.interfaces.isEmpty {
            try open(on: nil, settings.listening, settings.ports, all, logger)
        }
        for wanted in settings.interfaces {
            guard let interface = all.first(where: { $0.name == wanted.name }) else {
                throw .unknownInterface(wanted.name, known: all.map(\.name))
            }
            guard !interface.addresses.isEmpty else { throw .noAddress(interface: wanted.name) }
            try open(on: interface, wanted.listening, settings.ports, all, logger)
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

    private mutating func open(
        on interface: NetworkInterface?, _ listening: DHCPSettings.Listening, _ ports: DHCPSettings.Ports,
        _ all: [NetworkInterface], _ logger: Logger
    ) throws(DHCPServiceError) {
        var captured: [ServicePort] = []
        for port in ServicePort.allCases {
            // Port 4011 gets a socket in capture mode too if it is free: without one the kernel would tell clients by ICMP
            // that nobody is there.
            if listening == .capture && port == .dhcp {
                captured.append(port)
                continue
            }
            do throws(DHCPServiceError) {
                let socket = try SocketListener(port, number: ports.number(of: port), interface: interface?.name)
                sockets.append(socket)
                listeners.append(
                    DHCPServer.Listener(port: port, number: socket.number, interface: interface?.name, isCapture: false)
                )
            } catch {
                guard case .portTaken = error, listening != .socket else { throw error }
                captured.append(port)
                logger.notice(
                    "another program holds the port, so frames are captured",
                    metadata: [
                        "dhcp.port": "\(ports.number(of: port))", "dhcp.interface": "\(interface?.name ?? "all")",
                    ])
            }
        }
        guard !captured.isEmpty else { return }
        let candidates =
            interface.map { [$0] } ?? all.filter { $0.isUp && !$0.isLoopback && $0.mac != nil && !$0.addresses.isEmpty }
        guard !candidates.isEmpty else { throw .nothingToCapture }
        for candidate in candidates {
            captures.append(try CaptureListener(interface: candidate.name, ports: captured, numbers: ports))
            for port in captured {
                listeners.append(
                    DHCPServer.Listener(
                        port: port, number: ports.number(of: port), interface: candidate.name, isCapture: true))
            }
        }
    }
}

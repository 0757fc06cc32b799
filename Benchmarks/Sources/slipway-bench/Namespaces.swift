import Foundation
import Loads

/// A network namespace that is removed when the run ends.
final class Namespace {
    let name: String
    private let undo: Int

    /// Makes it, with its loopback interface up.
    init(_ role: String) throws {
        guard geteuid() == 0 else { throw Failure("network namespaces need root: run it with sudo") }
        name = "slipway-bench-\(role)-\(getpid())"
        let ip = try Program("ip", from: "iproute2")
        try ip.run(["netns", "add", name])
        undo = CleanUp.add { [name] in Self.remove(name) }
        try ip.run(["-n", name, "link", "set", "lo", "up"])
    }

    deinit {
        CleanUp.forget(undo)
        Self.remove(name)
    }

    private static func remove(_ name: String) {
        _ = try? Program("ip", from: "iproute2").run(["netns", "delete", name], cleaningUp: true)
    }
}

/// Two namespaces joined by a cable.
struct NamespacePair {
    let server: Namespace
    let client: Namespace
    let serverInterface = "bench0"
    let serverAddress = "10.213.0.1"
    let clientAddress = "10.213.0.2"
    let network = "10.213.0.0"

    init() throws {
        server = try Namespace("server")
        client = try Namespace("client")
        let ip = try Program("ip", from: "iproute2")
        try ip.run(
            [
                "link", "add", serverInterface, "netns", server.name, "type", "veth", "peer", "name", "bench1", "netns",
                client.name,
            ])
        for (namespace, interface, address) in [
            (server.name, serverInterface, serverAddress), (client.name, "bench1", clientAddress),
        ] {
            try ip.run(["-n", namespace, "address", "add", "\(address)/24", "dev", interface])
            try ip.run(["-n", namespace, "link", "set", interface, "up"])
        }
    }
}

import Foundation
import Loads

/// A machine's boot script, asked for as iPXE asks for it: how many go out for a second of processor time, against nginx with
/// a file of the same bytes; and `/healthz`, which is what the HTTP library costs before anything is written.
struct BootScripts {
    let place: Workplace

    private static let connections = 16
    private static let requests = 20_000
    private static let rounds = 5
    private static let path =
        "/boot?mac=02-00-00-00-00-01&uuid=4c4c4544-0051-3010-8052-b4c04f4e4d32&arch=x86_64&platform=efi"
        + "&serial=ABC123&manufacturer=Nobody&product=Nothing"

    func run() throws -> [Figure] {
        let nginx = try Program("nginx", from: "nginx-light")
        let server = try SlipwayServer(place, store: try place.store(), more: ["--no-tftp"])
        defer { server.stop() }
        let script = try HTTPConnection(port: server.httpPort).get(Self.path, keeping: true)
        guard String(decoding: script.body, as: UTF8.self).contains("initramfs-amd64.xz") else {
            throw Failure("the script boots nothing")
        }
        let folder = try place.subfolder("nginx-scripts")
        try Data(script.body).write(to: URL(fileURLWithPath: "\(folder)/script"))
        let port = try freePort(SOCK_STREAM)
        let peer = try nginx.start(
            ["-c", try NginxConfiguration.write(in: folder, port: port), "-p", folder], log: "\(folder)/nginx.log")
        defer { peer.stop() }
        try peer.wait(for: "its port") { (try? HTTPConnection(port: port)) != nil }

        let loads = [
            (path: Self.path, port: server.httpPort, program: server.program),
            (path: "/healthz", port: server.httpPort, program: server.program),
            (path: "/script", port: port, program: peer),
        ]
        var rates: [[Double]] = [[], [], []]
        for round in 0...Self.rounds {
            for (index, load) in loads.enumerated() {
                let before = try load.program.account.processorSeconds()
                _ = try HTTPLoad(
                    port: load.port, path: load.path, connections: Self.connections, requests: Self.requests
                ).run()
                let spent = try load.program.account.processorSeconds() - before
                // The first round only warms up.
                guard round > 0 else { continue }
                guard spent > 0 else { throw Failure("\(load.program.name) took no processor time") }
                rates[index].append(Double(Self.requests) / spent)
            }
        }
        let theirs = Figure.Peer(name: "nginx", value: try median(rates[2]))
        let remark =
            "\(script.body.count) bytes, \(Self.connections) connections, \(Self.requests) requests a round, "
            + "\(Self.rounds) rounds in turn"
        return [
            Figure(
                title: "boot scripts over loopback", value: try median(rates[0]), unit: .answersPerProcessorSecond,
                peer: theirs, targets: [.ratioAtLeast(0.3)], remark: remark,
                samples: ["slipway scripts": rates[0], "nginx files": rates[2]]),
            Figure(
                title: "/healthz over loopback", value: try median(rates[1]), unit: .answersPerProcessorSecond,
                peer: theirs, remark: "without a body, the floor of the HTTP library",
                samples: ["slipway /healthz": rates[1]]),
        ]
    }
}

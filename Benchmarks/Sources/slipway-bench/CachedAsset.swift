import Foundation
import Loads

/// An asset of 100 MB that has been asked for before: how much of it goes out for a second of processor time, against nginx
/// with sendfile and the same bytes.
struct CachedAsset {
    let place: Workplace

    private static let connections = 8
    private static let requests = 80
    private static let rounds = 7

    func run() throws -> [Figure] {
        let nginx = try Program("nginx", from: "nginx-light")
        let server = try SlipwayServer(place, store: try place.store(), more: ["--no-tftp"])
        defer { server.stop() }
        let connection = try HTTPConnection(port: server.httpPort)
        let id = try connection.create(schematic: "{}\n")
        let path = "/image/\(id)/\(Release.largeVersion)/initramfs-amd64.xz"

        let folder = try place.subfolder("nginx")
        let file = try newFile("\(folder)/asset")
        let asset = try connection.get(path, sink: file.fileDescriptor)
        try file.close()
        let peerPort = try freePort(SOCK_STREAM)
        let peer = try nginx.start(
            ["-c", try NginxConfiguration.write(in: folder, port: peerPort), "-p", folder], log: "\(folder)/nginx.log")
        defer { peer.stop() }
        try peer.wait(for: "its port") { (try? HTTPConnection(port: peerPort)) != nil }

        let ours = HTTPLoad(
            port: server.httpPort, path: path, connections: Self.connections, requests: Self.requests)
        var theirs = ours
        theirs.port = peerPort
        theirs.path = "/asset"
        var rates: [[Double]] = [[], []]
        var speeds: [[Double]] = [[], []]
        for round in 0...Self.rounds {
            for (index, (load, program)) in [(ours, server.program), (theirs, peer)].enumerated() {
                let before = try program.account.processorSeconds()
                let began = secondsNow()
                let bytes = Double(try load.run())
                let spent = try program.account.processorSeconds() - before
                // The first round only warms up.
                guard round > 0 else { continue }
                guard spent > 0 else { throw Failure("\(program.name) took no processor time for \(bytes) bytes") }
                rates[index].append(bytes / spent)
                speeds[index].append(bytes / (secondsNow() - began))
            }
        }
        let remark =
            "\(Unit.bytes.text(Double(asset.length))), \(Self.connections) connections, \(Self.requests) requests a round, "
            + "\(Self.rounds) rounds in turn; by the wall clock \(Unit.bytes.text(try median(speeds[0])))/s, nginx "
            + "\(Unit.bytes.text(try median(speeds[1])))/s"
        return [
            Figure(
                title: "cached 100 MB asset over loopback", value: try median(rates[0]), unit: .bytesPerProcessorSecond,
                peer: .init(name: "nginx, sendfile", value: try median(rates[1])), targets: [.ratioAtLeast(0.95)],
                remark: remark,
                samples: [
                    "slipway bytes per CPU second": rates[0], "nginx bytes per CPU second": rates[1],
                    "slipway bytes per second": speeds[0], "nginx bytes per second": speeds[1],
                ])
        ]
    }
}

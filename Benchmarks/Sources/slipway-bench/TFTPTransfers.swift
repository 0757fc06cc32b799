import Foundation
import Loads

/// Sixty-four TFTP clients at once: how much goes out for a second of processor time, against dnsmasq, and against a C loop
/// that does nothing but receive and send.
struct TFTPTransfers {
    let place: Workplace

    private static let clients = 64
    private static let fileLength = 1 << 20
    private static let rounds = 3
    private static let floorPort: UInt16 = 6970

    private struct Manner {
        var title: String
        var blockSize: Int
        var window: Int
        /// How often each client fetches the file in one go, so that it takes long enough to be measured.
        var repeats: Int
        /// How many times as good as dnsmasq it must be.
        var target: Double
    }

    private struct Outcome: Decodable {
        var blksize: Int
        var windowsize: Int
        var bytes_per_second: Double
        var bytes_per_cpu_second: Double?
    }

    func run() throws -> [Figure] {
        let dnsmasq = try Program("dnsmasq", from: "dnsmasq-base")
        let namespace = try Namespace("tftp")
        let root = try place.subfolder("tftp")
        var generator = SystemRandomNumberGenerator()
        let words = (0..<(Self.fileLength / 8)).map { _ in generator.next() }
        try words.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: "\(root)/loader.bin"))
        let server = try SlipwayServer(
            place, store: try place.store(), namespace: namespace.name, more: ["--tftp-root", root])
        defer { server.stop() }
        let peer = try dnsmasq.inside(namespace.name).start(
            [
                "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--port=0",
                "--listen-address=127.0.0.1", "--bind-interfaces", "--enable-tftp", "--tftp-root=\(root)",
                "--tftp-max=500",
            ], log: "\(place.folder)/dnsmasq-tftp.log")
        defer { peer.stop() }
        try peer.wait(for: "port 69") { peer.hasUDPPort(69) }

        let load = try Program.beside("tftp-load").inside(namespace.name)
        var figures: [Figure] = []
        for manner in [
            Manner(title: "TFTP, 64 clients, 512 bytes, lock-step", blockSize: 512, window: 1, repeats: 2, target: 1.2),
            Manner(
                title: "TFTP, 64 clients, 1468 bytes, window 16", blockSize: 1468, window: 16, repeats: 6, target: 1),
        ] {
            let floor = try Program.beside("udp-floor").inside(namespace.name).start(
                ["\(Self.floorPort)", "\(Self.fileLength)", "\(manner.blockSize)", "\(manner.window)"],
                log: "\(place.folder)/udp-floor-\(manner.blockSize).log")
            defer { floor.stop() }
            try floor.wait(for: "its port") { floor.hasUDPPort(Self.floorPort) }
            var rates: [[Double]] = [[], [], []]
            var speeds: [[Double]] = [[], [], []]
            var granted: [Outcome] = []
            for _ in 0..<Self.rounds {
                for (index, (program, port)) in [
                    (server.program, server.tftpPort), (peer, 69), (floor, Self.floorPort),
                ].enumerated() {
                    let outcome = try measure(load, manner, program, port)
                    guard let rate = outcome.bytes_per_cpu_second else {
                        throw Failure("\(program.name) took no processor time")
                    }
                    rates[index].append(rate)
                    speeds[index].append(outcome.bytes_per_second)
                    if granted.count == index { granted.append(outcome) }
                }
            }
            var remark =
                "by the wall clock \(Unit.bytes.text(try median(speeds[0])))/s, dnsmasq "
                + "\(Unit.bytes.text(try median(speeds[1])))/s"
            if granted[1].windowsize != manner.window {
                remark += "; dnsmasq grants a window of \(granted[1].windowsize), Slipway \(granted[0].windowsize)"
            }
            figures.append(
                Figure(
                    title: manner.title, value: try median(rates[0]), unit: .bytesPerProcessorSecond,
                    peer: .init(name: "dnsmasq", value: try median(rates[1])), targets: [.ratioAtLeast(manner.target)],
                    remark: remark,
                    samples: [
                        "slipway bytes per CPU second": rates[0], "dnsmasq bytes per CPU second": rates[1],
                        "slipway bytes per second": speeds[0], "dnsmasq bytes per second": speeds[1],
                    ]))
            figures.append(
                Figure(
                    title: "the same beside UDP's floor", value: try median(rates[0]), unit: .bytesPerProcessorSecond,
                    peer: .init(name: "a C loop without files", value: try median(rates[2])),
                    remark: manner.window > 1
                        ? "the loop sends each packet by itself, Slipway lets the kernel cut them" : nil,
                    samples: ["floor bytes per CPU second": rates[2], "floor bytes per second": speeds[2]]))
        }
        return figures
    }

    private func measure(_ load: Program, _ manner: Manner, _ program: RunningProgram, _ port: UInt16) throws -> Outcome
    {
        let text = try load.run(
            [
                "--port", "\(port)", "--file", "loader.bin", "--clients", "\(Self.clients)", "--blksize",
                "\(manner.blockSize)", "--window", "\(manner.window)", "--rounds", "\(manner.repeats)", "--pid",
                "\(program.pid)",
            ])
        return try JSONDecoder().decode(Outcome.self, from: Data(text.utf8))
    }
}

import Foundation
import Loads

/// DISCOVER messages of machines that all differ: how many are answered for a second of processor time, and how fast, against
/// dnsmasq as a DHCP proxy.
struct Discovers {
    let place: Workplace

    private static let rounds = 3
    private static let rate = 10_000

    private struct Outcome: Decodable {
        var sent: Int
        var answered: Int
        var answers_per_second: Double
        var p50_ms: Double?
        var p99_ms: Double?
        var answers_per_cpu_second: Double?
    }

    func run() throws -> [Figure] {
        let dnsmasq = try Program("dnsmasq", from: "dnsmasq-base")
        let network = try NamespacePair()
        let load = try Program.beside("dhcp-load").inside(network.client.name)
        let store = try place.store()
        var machine = 0
        func measure(_ program: RunningProgram, rate: Int, seconds: Int) throws -> Outcome {
            let text = try load.run(
                [
                    "--server", network.serverAddress, "--relay", network.clientAddress, "--rate", "\(rate)",
                    "--seconds",
                    "\(seconds)", "--first-machine", "\(machine)", "--pid", "\(program.pid)",
                ])
            let outcome = try JSONDecoder().decode(Outcome.self, from: Data(text.utf8))
            machine += outcome.sent
            guard outcome.answered > 0 else {
                throw Failure("\(program.name) answered no DISCOVER: \(program.endOfLog)")
            }
            return outcome
        }
        // Both want port 67 of the same address, so they run one after the other.
        func measureAll(_ program: RunningProgram) throws -> (flood: [Outcome], paced: [Outcome]) {
            _ = try measure(program, rate: 0, seconds: 1)
            return (
                try (0..<Self.rounds).map { _ in try measure(program, rate: 0, seconds: 3) },
                try (0..<Self.rounds).map { _ in try measure(program, rate: Self.rate, seconds: 4) }
            )
        }
        let server = try SlipwayServer(
            place, store: store, interface: network.serverInterface, namespace: network.server.name, dhcp: true,
            more: ["--no-tftp"])
        defer { server.stop() }
        let ours = try measureAll(server.program)
        server.stop()
        let peer = try dnsmasq.inside(network.server.name).start(
            [
                "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--port=0",
                "--quiet-dhcp",
                "--interface=\(network.serverInterface)", "--dhcp-range=\(network.network),proxy",
                "--pxe-service=X86-64_EFI,boot,ipxe.efi", "--pxe-service=BC_EFI,boot,ipxe.efi",
            ], log: "\(place.folder)/dnsmasq-dhcp.log")
        defer { peer.stop() }
        try peer.wait(for: "port 67") { peer.hasUDPPort(67) }
        let theirs = try measureAll(peer)

        return [try capacity(ours.flood, theirs.flood), try latency(ours.paced, theirs.paced)]
    }

    private func capacity(_ ours: [Outcome], _ theirs: [Outcome]) throws -> Figure {
        func rates(_ outcomes: [Outcome]) -> [Double] { outcomes.compactMap(\.answers_per_cpu_second) }
        let wall = (try median(ours.map(\.answers_per_second)), try median(theirs.map(\.answers_per_second)))
        return Figure(
            title: "DISCOVER, answers on one core", value: try median(rates(ours)), unit: .answersPerProcessorSecond,
            peer: .init(name: "dnsmasq proxy", value: try median(rates(theirs))), targets: [.ratioAtLeast(2)],
            remark:
                "through a relay over a veth pair, each from a machine never seen before; by the wall clock, with the "
                + "load on the other core, \(Unit.perSecond.text(wall.0)), dnsmasq \(Unit.perSecond.text(wall.1))",
            samples: [
                "slipway answers per CPU second": rates(ours), "dnsmasq answers per CPU second": rates(theirs),
                "slipway answers per second": ours.map(\.answers_per_second),
                "dnsmasq answers per second": theirs.map(\.answers_per_second),
            ])
    }

    private func latency(_ ours: [Outcome], _ theirs: [Outcome]) throws -> Figure {
        // An answer that never came took for ever.
        func p99(_ outcomes: [Outcome]) -> [Double] { outcomes.map { ($0.p99_ms ?? .greatestFiniteMagnitude) / 1e3 } }
        func lost(_ outcomes: [Outcome]) -> Int { outcomes.reduce(0) { $0 + $1.sent - $1.answered } }
        let middle = try median(ours.map { ($0.p50_ms ?? 0) / 1e3 })
        let peer = try median(p99(theirs))
        return Figure(
            title: "DISCOVER, p99 at \(Self.rate)/s", value: try median(p99(ours)), unit: .seconds,
            peer: peer < 1e6 ? .init(name: "dnsmasq proxy", value: peer) : nil, targets: [.atMost(0.005)],
            remark:
                "an open load, timed from when each packet was due; half within \(Unit.seconds.text(middle)); unanswered: "
                + "\(lost(ours)), dnsmasq \(lost(theirs)), of \(ours.reduce(0) { $0 + $1.sent })",
            samples: [
                "slipway seconds": p99(ours).filter { $0 < 1e6 }, "dnsmasq seconds": p99(theirs).filter { $0 < 1e6 },
            ])
    }
}

import Foundation
import Loads

/// A changed machines file: from its new name to the word that it is in force, at 10, 10 000 and 100 000 machines, against
/// dnsmasq, which reads as many hosts anew on SIGHUP.
struct Reloads {
    let place: Workplace

    private static let sizes = [10, 10_000, 100_000]
    private static let rounds = 5

    func run() throws -> [Figure] {
        let dnsmasq = try Program("dnsmasq", from: "dnsmasq-base")
        let network = try NamespacePair()
        let folder = try place.subfolder("reloads")
        return try Self.sizes.map { machines in
            let ours = try slipway(machines, folder: folder)
            let theirs = try hosts(machines, folder: folder, dnsmasq, network)
            return Figure(
                title: "reload of \(machines) machines", value: try median(ours), unit: .seconds,
                peer: .init(name: "dnsmasq, hosts file", value: try median(theirs)),
                remark: machines == Self.sizes[0]
                    ? "Slipway waits until the file has stood still for 50 ms; dnsmasq is told when to read" : nil,
                samples: ["slipway seconds": ours, "dnsmasq seconds": theirs])
        }
    }

    private static func mac(_ number: Int) -> String {
        "02:00:"
            + stride(from: 24, through: 0, by: -8).map { String(format: "%02x", number >> $0 & 0xff) }
            .joined(separator: ":")
    }

    private func slipway(_ machines: Int, folder: String) throws -> [Double] {
        let file = "\(folder)/machines.yaml"
        func write(_ round: Int, to path: String) throws {
            var text =
                "schematics: {plain: {customization: {}}}\ndefaults: {schematic: plain, version: \(Release.version)}\n"
            text += "machines:\n"
            for number in 0..<machines {
                text += "  - {name: node-\(number), mac: \(Self.mac(number)), args: [node=\(number), round=\(round)]}\n"
            }
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        try write(0, to: file)
        let server = try SlipwayServer(place, store: try place.store(), machinesFile: file, more: ["--no-tftp"])
        defer { server.stop() }
        return try (1...Self.rounds).map { round in
            try write(round, to: file + ".new")
            return try measure(server.program, "machines file in force") {
                guard rename(file + ".new", file) == 0 else { throw Failure.system("renaming \(file)") }
            }
        }
    }

    private func hosts(
        _ machines: Int, folder: String, _ dnsmasq: Program, _ network: NamespacePair
    ) throws -> [Double] {
        let file = "\(folder)/hosts"
        let text = (0..<machines).map { "\(Self.mac($0)),node-\($0)\n" }.joined()
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let program = try dnsmasq.inside(network.server.name).start(
            [
                "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--port=0",
                "--log-facility=-", "--interface=\(network.serverInterface)",
                "--dhcp-range=\(network.network),static", "--dhcp-hostsfile=\(file)",
            ], log: "\(folder)/dnsmasq.log")
        defer { program.stop() }
        try program.wait(for: "port 67") { program.hasUDPPort(67) }
        return try (1...Self.rounds).map { _ in
            try measure(program, "read \(file)") { kill(program.pid, SIGHUP) }
        }
    }

    /// Seconds from a change to the next line of a program's log that holds `word`.
    private func measure(_ program: RunningProgram, _ word: String, change: () throws -> Void) throws -> Double {
        func lines() -> Int { (readText(program.log) ?? "").components(separatedBy: word).count }
        let before = lines()
        let began = secondsNow()
        try change()
        var seen = 0.0
        try program.wait(for: "the line '\(word)'") {
            seen = secondsNow()
            return lines() > before
        }
        return seen - began
    }
}

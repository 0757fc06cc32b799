import Foundation
import NetworkTypes
import Synchronization
import TestSupport

/// A rack in network namespaces for the length of one test: the site's address server, the appliance, a capture of all
/// that passes, and machines.
///
/// What happened is in a folder of its own: each process' output, each machine's serial line and command line, the
/// capture. It is removed when the test succeeds and kept when it throws, or when `LAB_KEEP=1`.
public final class Lab: Sendable {
    /// The appliance's address.
    public static let applianceAddress = LabNetwork.applianceAddress
    /// The site's address server's.
    public static let siteAddress = LabNetwork.siteAddress

    /// The folder with what happened.
    public let evidence: String
    private let network: LabNetwork
    private let processes = Mutex<[LabProcess]>([])

    private init(evidence: String) throws {
        self.evidence = evidence
        try? FileManager.default.removeItem(atPath: evidence)
        try FileManager.default.createDirectory(atPath: evidence, withIntermediateDirectories: true)
        network = try LabNetwork()
    }

    /// Runs `body` in a lab; processes and namespaces end with it, whatever happens.
    ///
    /// - Parameters:
    ///   - name: the test's name, which the evidence is kept under.
    ///   - addressServer: the site's; it is ready when `body` begins. Nil when `body` starts one itself.
    public static func run<Value: Sendable>(
        _ name: String, addressServer: AddressServer? = .onItsOwnHost,
        _ body: @Sendable (Lab) async throws -> Value
    ) async throws -> Value {
        let lab = try Lab(evidence: "\(FileManager.default.currentDirectoryPath)/.lab/\(name)")
        do {
            try await lab.startCapture()
            try await lab.startRouterAdvertisements()
            if let addressServer { try await lab.startAddressServer(addressServer) }
            let value = try await body(lab)
            await lab.end()
            if ProcessInfo.processInfo.environment["LAB_KEEP"] != "1" {
                try FileManager.default.removeItem(atPath: lab.evidence)
            }
            return value
        } catch {
            await lab.end()
            throw LabError("\(error)\nThe evidence is in \(lab.evidence)")
        }
    }

    /// Starts a process on the appliance's host.
    ///
    /// - Parameters:
    ///   - name: its name in messages and file names.
    ///   - arguments: the program's full path and its arguments.
    @discardableResult
    public func startOnAppliance(
        _ name: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> LabProcess {
        try start(name, arguments, in: .appliance, environment: environment)
    }

    /// Starts a daemon on the appliance's host and waits until it says that it is ready, by sd_notify(3).
    @discardableResult
    public func startDaemonOnAppliance(
        _ name: String, _ arguments: [String], within deadline: Duration = .seconds(180)
    ) async throws -> LabProcess {
        let socket = try ReadinessSocket()
        let process = try startOnAppliance(name, arguments, environment: ["NOTIFY_SOCKET": socket.path])
        socket.listen(within: Int(deadline.components.seconds) + 1) { [weak process] in process?.becameReady() }
        try await process.waitUntilReady(within: deadline)
        return process
    }

    /// Runs a program on the appliance's host to its end.
    public func runOnAppliance(_ arguments: [String]) throws -> String {
        try network.run(arguments, in: .appliance)
    }

    /// Boots a machine into the test release and returns what it said. QEMU now and then resets a machine early in the
    /// kernel, about once in two hundred boots; a machine that ends so is started a second time, and both logs stay.
    ///
    /// - Parameters:
    ///   - deadline: for one start.
    ///   - watching: given what the serial line has said so far, whenever it has said more.
    public func boot(
        _ machine: LabMachine, within deadline: Duration = .seconds(900),
        watching: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> BootFacts {
        for attempt in 1...2 {
            let start = ContinuousClock.now
            let process = try powerOn(machine, attempt: attempt)
            let recording = try await process.wait(for: "last fact", within: deadline) { recording in
                watching(recording.text)
                return recording.text.contains("SLIPWAY-END") || recording.exitStatus != nil
                    || recording.hasGivenUp(cards: machine.cards.count) ? recording : nil
            }
            let duration = ContinuousClock.now - start
            if recording.text.contains("SLIPWAY-END") {
                if (try? await process.waitForExit(within: .seconds(20))) == nil { await process.stop() }
                return BootFacts(serial: recording.text, duration: duration)
            }
            await process.stop()
            if recording.hasGivenUp(cards: machine.cards.count) {
                throw LabError("\(machine.name) did not boot; the last it said:\n\(recording.lastLines)")
            }
            if attempt == 2 {
                throw LabError("\(machine.name) ended twice before its last fact:\n\(recording.lastLines)")
            }
        }
        throw LabError("\(machine.name) did not boot")
    }

    /// Starts a machine that is not to boot, and waits until its firmware gives up.
    ///
    /// - Returns: the serial line.
    public func watchGivingUp(_ machine: LabMachine, within deadline: Duration = .seconds(900)) async throws -> String {
        let process = try powerOn(machine, attempt: 1)
        let text = try await process.wait(for: "the firmware giving up", within: deadline) { recording in
            recording.hasGivenUp(cards: machine.cards.count) || recording.text.contains("SLIPWAY-END")
                ? recording.text : nil
        }
        await process.stop()
        return text
    }

    /// How many captured packets match a filter expression (pcap-filter(7)).
    public func packets(matching filter: String) throws -> Int {
        let tcpdump = try ExternalProgram("tcpdump", package: "tcpdump")
        return try tcpdump(["-n", "-r", capturePath, filter]).split(separator: "\n").count
    }

    private func powerOn(_ machine: LabMachine, attempt: Int) throws -> LabProcess {
        let name = attempt == 1 ? machine.name : "\(machine.name)-again"
        var taps: [String] = []
        for _ in machine.cards { taps.append(try network.makeTap()) }
        let command = try machine.command(taps: taps, folder: evidence, attempt: name)
        try Data(command.joined(separator: " ").utf8).write(to: URL(fileURLWithPath: "\(evidence)/\(name).qemu"))
        return try start("\(name).serial", command, in: .rack)
    }

    private func start(
        _ name: String, _ arguments: [String], in place: LabNetwork.Place, environment: [String: String] = [:]
    ) throws -> LabProcess {
        let process = try LabProcess(
            name: name, arguments: network.command(arguments, in: place), environment: environment,
            log: "\(evidence)/\(name).log")
        processes.withLock { $0.append(process) }
        return process
    }

    /// Ends the processes, the last started first, and removes the namespaces.
    private func end() async {
        let running = processes.withLock { processes in
            defer { processes = [] }
            return processes
        }
        for process in running.reversed() { await process.stop() }
        network.remove()
    }

    private var capturePath: String { "\(evidence)/all.pcap" }

    private func startCapture() async throws {
        let tcpdump = try ExternalProgram("tcpdump", package: "tcpdump")
        // Promiscuous, or frames between two ports of the bridge would be missing; at once, or the last second would.
        let capture = try start(
            "tcpdump",
            [
                tcpdump.path, "-i", "br0", "-U", "--immediate-mode", "-Z", "root", "-B", "8192", "-s", "600", "-w",
                capturePath,
            ],
            in: .rack)
        try await capture.wait(forText: "listening on", within: .seconds(180))
    }

    /// Without any router iPXE waits 16 seconds after its DHCP.
    private func startRouterAdvertisements() async throws {
        let server = try start(
            "router", try AddressServer.dnsmasq(["--enable-ra", "--dhcp-range=fd77::,ra-only,64"]), in: .site)
        try await server.wait(forText: "router advertisement", within: .seconds(180))
    }

    /// Starts an address server and waits until it serves.
    @discardableResult
    public func startAddressServer(_ server: AddressServer) async throws -> LabProcess {
        let folder = "\(evidence)/address-server"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let process = try start(
            "address-server", try server.command(folder: folder), in: server.isBesideTheAppliance ? .appliance : .site,
            environment: ["KEA_PIDFILE_DIR": folder, "KEA_LOCKFILE_DIR": folder])
        try await process.wait(forText: server.program.readyText, within: .seconds(180))
        return process
    }

    /// Lets the appliance send no faster than this, so that there is time for something to happen in the middle of a download.
    ///
    /// - Parameter rate: in megabits per second; nil takes the limit away.
    public func throttleAppliance(to rate: Int?) throws {
        _ = try? network.run(["tc", "qdisc", "del", "dev", "eth0", "root"], in: .appliance)
        guard let rate else { return }
        _ = try network.run(
            [
                "tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "\(rate)mbit", "burst", "32kb", "latency",
                "400ms",
            ],
            in: .appliance)
    }

}

extension LabProcess.Recording {
    /// Whether a firmware has said that it has nothing (more) to boot from. One with several cards says so for each.
    fileprivate func hasGivenUp(cards: Int) -> Bool {
        let last = ["No bootable device", "Shell>", "grub> ", "BdsDxe: No bootable option", "Access Denied"]
        let each = ["No more network devices", "failed to load Boot0001"]
        return last.contains { text.contains($0) }
            || each.contains { text.components(separatedBy: $0).count > cards }
    }
}

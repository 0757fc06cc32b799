import Foundation
import Loads
import Synchronization

/// A rack that is switched on: 64 machines fetch loader, scripts, kernel and initramfs at the same moment. How much memory
/// that takes, and how soon after its start the program is ready for it.
struct Rack {
    let place: Workplace

    private static let machines = 64
    private static let starts = 9

    func run() throws -> [Figure] {
        let store = try place.store()
        let root = try place.subfolder("rack")
        try Data(count: 1 << 20).write(to: URL(fileURLWithPath: "\(root)/loader.bin"))
        let arguments = ["--tftp-root", root]
        // The extensions are known, as in a rack that has booted before.
        let warm = try SlipwayServer(place, store: store, more: arguments)
        try boot(0, warm)
        warm.stop()
        var starts: [Double] = []
        for _ in 0..<Self.starts {
            let server = try SlipwayServer(place, store: store, more: arguments)
            starts.append(server.secondsToReady)
            server.stop()
        }

        let server = try SlipwayServer(place, store: store, more: arguments)
        defer { server.stop() }
        let idle = try server.program.account.residentMemory()
        let began = secondsNow()
        let bytes = try bootAll(server)
        let seconds = secondsNow() - began
        let busy = try server.program.account.residentMemory()
        return [
            Figure(
                title: "resident memory, 64 machines booting", value: busy.peak, unit: .bytes,
                targets: [.atMost(100e6)],
                remark: "the most there ever was; \(Unit.bytes.text(idle.now)) before; "
                    + "\(Unit.bytes.text(Double(bytes))) went to the machines in \(Unit.seconds.text(seconds))",
                samples: ["bytes": [busy.peak], "bytes before": [idle.now]]),
            Figure(
                title: "start to readiness", value: try median(starts), unit: .seconds, targets: [.atMost(0.3)],
                remark: "until systemd is told, when /healthz answers too; the slowest of \(Self.starts) took "
                    + "\(Unit.seconds.text(starts.max() ?? 0))",
                samples: ["seconds": starts]),
        ]
    }

    private func bootAll(_ server: SlipwayServer) throws -> UInt64 {
        let results = Mutex<[Result<UInt64, any Error>]>([])
        let group = DispatchGroup()
        // What the threads need of the server, which itself stays here.
        let ports = (http: server.httpPort, tftp: server.tftpPort)
        for number in 1...Self.machines {
            group.enter()
            let thread = Thread {
                let result = Result { try Self.boot(number, httpPort: ports.http, tftpPort: ports.tftp) }
                results.withLock { $0.append(result) }
                group.leave()
            }
            thread.start()
        }
        group.wait()
        return try results.withLock { try $0.reduce(0) { try $0 + $1.get() } }
    }

    private func boot(_ number: Int, _ server: SlipwayServer) throws {
        _ = try Self.boot(number, httpPort: server.httpPort, tftpPort: server.tftpPort)
    }

    /// What one machine fetches, in its order, from an address of its own; returns how many bytes that were.
    private static func boot(_ number: Int, httpPort: UInt16, tftpPort: UInt16) throws -> UInt64 {
        let address = 0x7f00_0200 + UInt32(number)
        var bytes = try TFTPClient.fetch(
            .init(server: loopback, port: tftpPort, file: "loader.bin", blockSize: 1468), from: address)
        let connection = try HTTPConnection(port: httpPort, from: address)
        bytes += try connection.get("/boot.ipxe").length
        let mac = "52-54-00-be-00-" + String(format: "%02x", number)
        let script = try connection.get("/boot?mac=\(mac)&arch=x86_64", keeping: true)
        bytes += script.length
        let text = String(decoding: script.body, as: UTF8.self)
        let paths = assetPaths(in: text)
        guard paths.contains(where: { $0.contains("/kernel-") }), paths.contains(where: { $0.contains("/initramfs-") })
        else {
            throw Failure("the machine's script names no kernel and initramfs: \(text)")
        }
        for path in paths { bytes += try connection.get(path).length }
        return bytes
    }

    /// The paths of the images that a script names, each once.
    private static func assetPaths(in script: String) -> [String] {
        var paths: [String] = []
        for word in script.split(whereSeparator: \.isWhitespace) {
            guard let start = word.range(of: "/image/") else { continue }
            let path = String(word[start.lowerBound...])
            if !paths.contains(path) { paths.append(path) }
        }
        return paths
    }
}

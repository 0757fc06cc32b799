import Foundation
import Loads

/// A running `slipway serve`.
final class SlipwayServer {
    let program: RunningProgram
    let httpPort: UInt16
    let tftpPort: UInt16
    /// Seconds from the start of the program to its word that it is ready.
    let secondsToReady: Double

    /// Starts it and waits until it says that it is ready, as it says it to systemd.
    ///
    /// - Parameters:
    ///   - interface: Where it answers machines.
    ///   - machinesFile: Its machines file; the shared one when none is named.
    ///   - namespace: The network namespace it runs in; nil for this one.
    ///   - more: Further arguments.
    init(
        _ place: Workplace, store: String, machinesFile: String? = nil, interface: String = "lo",
        namespace: String? = nil, dhcp: Bool = false,
        more: [String] = []
    ) throws {
        let notifications = try NotificationSocket()
        // In a namespace every port is free.
        httpPort = namespace == nil ? try freePort(SOCK_STREAM) : 8080
        tftpPort = namespace == nil ? try freePort(SOCK_DGRAM) : 6969
        let log = "\(place.folder)/slipway-\(UUID().uuidString.prefix(8)).log"
        let arguments =
            [
                "serve", "--store", store, "--config", try machinesFile ?? place.machinesFile(), "--interface",
                interface,
                "--http-address", namespace == nil ? "127.0.0.1" : "0.0.0.0", "--http-port", "\(httpPort)",
                "--tftp-port", "\(tftpPort)", "--dhcp", dhcp ? "socket" : "off",
            ] + more
        let began = secondsNow()
        program = try place.slipway.inside(namespace).start(
            arguments, log: log, environment: ["NOTIFY_SOCKET": notifications.path])
        var ready = 0.0
        try program.wait(for: "readiness") {
            guard try notifications.receive().contains("READY=1") else { return false }
            ready = secondsNow()
            return true
        }
        secondsToReady = ready - began
        guard namespace == nil else { return }
        let health = try HTTPConnection(port: httpPort).request("GET", "/healthz")
        guard health.status == 200 else {
            throw Failure("/healthz answers \(health.status) after the word that it is ready")
        }
    }

    func stop() { program.stop() }
}

/// The socket to which a program says that it is ready (sd_notify(3)).
final class NotificationSocket {
    let path = "/tmp/slipway-bench-\(UUID().uuidString).notify"
    private let descriptor: Int32
    private let undo: Int

    init() throws {
        undo = CleanUp.add { [path] in unlink(path) }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw Failure.system("binding \(path)") }
    }

    deinit {
        CleanUp.forget(undo)
        close(descriptor)
        unlink(path)
    }

    /// What was said, waiting a moment for it; empty if nothing was.
    func receive() throws -> String {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&poller, 1, 5) > 0 else { return "" }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard count >= 0 else { throw Failure.system("hearing whether a program is ready") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

/// A port of the loopback interface that nobody holds at the moment.
func freePort(_ type: __socket_type) throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
    guard descriptor >= 0 else { throw Failure.system("opening a socket") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = loopback.bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let found = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
        }
    }
    guard found else { throw Failure.system("finding a free port") }
    return UInt16(bigEndian: address.sin_port)
}

extension HTTPConnection {
    /// Posts a schematic and returns its ID.
    func create(schematic: String) throws -> String {
        let answer = try request("POST", "/schematics", body: Array(schematic.utf8), keeping: true)
        struct Created: Decodable { var id: String }
        guard (200...201).contains(answer.status) else {
            throw Failure("POST /schematics: status \(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
        }
        return try JSONDecoder().decode(Created.self, from: Data(answer.body)).id
    }

    /// Gets something that must be there.
    func get(_ path: String, keeping: Bool = false, sink: Int32? = nil) throws -> Answer {
        let answer = try request("GET", path, keeping: keeping, sink: sink)
        guard answer.status == 200 else { throw Failure("GET \(path): status \(answer.status)") }
        return answer
    }
}

import Foundation
import Glibc
import Testing

@testable import Assembly

@Suite struct ServiceManagerTests {
    @Test(arguments: ["@slipway-test-NAME", "/tmp/slipway-test-NAME"])
    func messagesReachTheSocket(pattern: String) throws {
        let name = pattern.replacing("NAME", with: UUID().uuidString)
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer {
            close(socket)
            unlink(name)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(2 + path.count)) }
        }
        try #require(bound == 0)
        let manager = ServiceManager(socketPath: name)
        manager.ready(status: "serving HTTP")
        manager.watchdog()
        manager.stopping()
        let messages = (0..<3).map { _ in
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = recv(socket, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
        #expect(messages == ["READY=1\nSTATUS=serving HTTP", "WATCHDOG=1", "STOPPING=1"])
    }

    /// As often as the daemon says that it lives; a descriptor each time would be its end.
    @Test(arguments: [nil, "", "/nonexistent/socket", String(repeating: "x", count: 200), "@nobody-\(UUID())"])
    func withoutASocketNothingIsLeftOpen(path: String?) throws {
        let manager = ServiceManager(socketPath: path)
        func open() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }
        let before = try open()
        for _ in 0..<500 {
            manager.ready(status: "x")
            manager.watchdog()
            manager.stopping()
        }
        #expect(try open() < before + 200)
    }
}

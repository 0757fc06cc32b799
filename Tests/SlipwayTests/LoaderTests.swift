import Foundation
import Glibc
import ServerTesting
import Testing

/// Where the daemon finds what machines load first, and how it serves it: one list for TFTP and HTTP.
@Suite struct LoaderTests {
    private let scratch: Scratch
    private var root: String { "\(scratch.path)/tftp-root" }
    private var chosen: String { "\(scratch.path)/chosen" }

    init() throws {
        scratch = try Scratch()
        for folder in ["tftp-root/sub", "chosen/sub"] {
            try FileManager.default.createDirectory(
                atPath: "\(scratch.path)/\(folder)", withIntermediateDirectories: true)
        }
    }

    private func serve(_ more: [String] = [], httpPort: Int = 0) throws -> (program: Program, http: Int, tftp: Int) {
        let program = try Program(
            [
                "serve", "--store", "\(scratch.path)/store", "--dhcp", "off", "--http-port", "\(httpPort)",
                "--tftp-port", "0", "--tftp-root", root, "--loader-folder", chosen,
            ] + more)
        return (program, try program.port(), try program.port("tftp"))
    }

    /// What TFTP gives; nil for a refusal.
    private func fetch(_ name: String, port: Int, blockSize: Int = 1468) throws -> Data? {
        let target = "\(scratch.path)/got-\(UUID())"
        let curl = try Program(command: [
            "/usr/bin/curl", "-sS", "--max-time", "900", "--tftp-blksize", "\(blockSize)", "--path-as-is", "-o", target,
            "tftp://127.0.0.1:\(port)/\(name)",
        ])
        return try curl.finish(within: 1000) == 0 ? FileManager.default.contents(atPath: target) : nil
    }

    @Test func tftpAndHTTPServeTheSameFilesAtAnyTime() throws {
        let (program, http, tftp) = try serve()
        defer { withExtendedLifetime(program) {} }
        let connection = try HTTPConnection(port: http)
        func both(_ name: String) throws -> [String?] {
            let reply = try connection.ask("GET", "/loaders/\(name)")
            let byTFTP = try fetch(name, port: tftp)
            return [byTFTP.map { String(decoding: $0, as: UTF8.self) }, reply.status == 200 ? reply.text : nil]
        }
        #expect(try both("snponly-mine.efi") == [nil, nil])
        // The daemon runs already, and the name is nobody's but the operator's.
        try scratch.write("tftp-root/snponly-mine.efi", "first")
        #expect(try both("snponly-mine.efi") == ["first", "first"])
        try scratch.write("tftp-root/snponly-mine.efi", "second one")
        #expect(try both("snponly-mine.efi") == ["second one", "second one"])
        try scratch.write("chosen/snponly-mine.efi", "from the folder that was named for loaders")
        #expect(try both("snponly-mine.efi")[0]?.hasPrefix("from") == true)
        #expect(try both("snponly-mine.efi")[1]?.hasPrefix("from") == true)
        try scratch.write("chosen/any.name", "x")
        #expect(try both("any.name") == ["x", "x"])
        // What the distribution brings stands behind the operator's own.
        if FileManager.default.fileExists(atPath: "/usr/lib/ipxe/undionly.kpxe") {
            #expect(
                try fetch("undionly.kpxe", port: tftp)
                    == FileManager.default.contents(atPath: "/usr/lib/ipxe/undionly.kpxe"))
        }
        try scratch.write("tftp-root/undionly.kpxe", "my own")
        #expect(try both("undionly.kpxe") == ["my own", "my own"])
        try FileManager.default.removeItem(atPath: "\(root)/undionly.kpxe")
        #expect(try both("undionly.kpxe")[0] != "my own")
    }

    @Test func nothingElseIsServed() throws {
        try scratch.write("secret", "secret")
        try scratch.write("tftp-root/sub/nested", "nested")
        try scratch.write("chosen/sub/nested-too", "nested")
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: "\(chosen)/out.efi", withDestinationPath: "\(scratch.path)/secret")
        try manager.createSymbolicLink(atPath: "\(root)/up.efi", withDestinationPath: "../secret")
        try manager.createSymbolicLink(atPath: "\(root)/in.efi", withDestinationPath: "sub/nested")
        #expect(mkfifo("\(root)/pipe.efi", 0o644) == 0)
        let (program, http, tftp) = try serve()
        defer { withExtendedLifetime(program) {} }
        let connection = try HTTPConnection(port: http)
        for name in [
            "out.efi", "up.efi", "pipe.efi", "sub", "..%2Fsecret", "%2E%2E%2Fsecret", "sub%2F..%2F..%2Fsecret",
            "sub%2Fnested",
            "..", ".", "%00", "..%5Csecret", "in.efi%3Fx", "sub%2F..%2F%CC%81secret",
        ] {
            #expect(try connection.ask("GET", "/loaders/\(name)").status == 404, "\(name)")
        }
        for name in ["out.efi", "up.efi", "pipe.efi", "sub", "../secret", "sub/nested-too", "vmlinuz", "grub/grub.cfg"]
        {
            #expect(try fetch(name, port: tftp) == nil, "\(name)")
        }
        #expect(try connection.ask("GET", "/loaders/in.efi").text == "nested")
        #expect(try fetch("sub/nested", port: tftp) == Data("nested".utf8))
    }

    /// Larger than a loader ever was, with more blocks than their numbers have values.
    @Test func aUnifiedKernelImageOfManyMegabytesIsServed() throws {
        let length = 66_000 * 512 + 17
        var content = Data(count: length)
        for offset in stride(from: 0, to: length, by: 4096) {
            content[offset] = UInt8(truncatingIfNeeded: offset >> 12)
        }
        try content.write(to: URL(filePath: "\(root)/talos.efi"))
        let (program, http, tftp) = try serve()
        let before = try memory(of: program)
        #expect(try fetch("talos.efi", port: tftp, blockSize: 512) == content)
        let reply = try HTTPConnection(port: http).ask("GET", "/loaders/talos.efi")
        #expect(reply.status == 200 && Data(reply.body) == content && reply["Content-Type"] == "application/efi")
        #expect(try memory(of: program) - before < 24 << 10, "it is not held in memory")
    }

    /// Resident memory in KiB.
    private func memory(of program: Program) throws -> Int {
        let status = String(
            decoding: FileManager.default.contents(atPath: "/proc/\(program.process)/status") ?? Data(), as: UTF8.self)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    }

    @Test func everyLoaderFindsAScriptBesideIt() throws {
        let port = try #require(unusedPort())
        let (program, _, tftp) = try serve(httpPort: port)
        defer { withExtendedLifetime(program) {} }
        for name in ["autoexec.ipxe", "sub/AUTOEXEC.IPXE"] {
            let script = String(decoding: try #require(try fetch(name, port: tftp)), as: UTF8.self)
            #expect(script.hasPrefix("#!ipxe\nifconf -c dhcp || dhcp ||\n"), "\(script)")
            #expect(script.contains(" http://127.0.0.1:\(port)/boot?mac=${netX/mac:hexhyp}"), "\(script)")
        }
        try scratch.write("tftp-root/autoexec.ipxe", "#!ipxe\nshell\n")
        #expect(try fetch("autoexec.ipxe", port: tftp) == Data("#!ipxe\nshell\n".utf8))
    }

    @Test func settingsOfTFTPReachIt() throws {
        try scratch.write("tftp-root/file", String(repeating: "x", count: 5000))
        let (program, _, tftp) = try serve([
            "--tftp-single-port", "--tftp-block-size", "1400", "--tftp-block-size", "127.0.0.0/8=1300",
            "--tftp-transfers-per-client", "2", "--tftp-transfers", "100",
        ])
        defer { withExtendedLifetime(program) {} }
        let clients = try (0..<3).map { _ in try DatagramClient(port: tftp) }
        for client in clients[..<2] {
            client.send([0, 1] + Array("file\0octet\0blksize\01468\0".utf8))
            #expect(try client.receive() == [0, 6] + Array("blksize\01300\0".utf8))
            #expect(client.peer == tftp, "all from one port")
            client.send([0, 4, 0, 0])
            #expect(try client.receive().prefix(4) == [0, 3, 0, 1])
        }
        clients[2].send([0, 1] + Array("file\0octet\0".utf8))
        #expect(try clients[2].receive().prefix(4) == [0, 5, 0, 0])
        for wrong in [
            ["--tftp-transfers-per-client", "0"], ["--tftp-transfers", "0"], ["--tftp-block-size", "10.0.0.0=9"],
        ] {
            let refused = try Program(["serve", "--store", "\(scratch.path)/store"] + wrong)
            #expect(try refused.finish() == 64 && refused.errors.contains(wrong[0]), "\(refused.errors)")
        }
    }
}

/// A UDP socket on the loopback that speaks to one port, or to the one that answered.
private final class DatagramClient {
    private let socket: Int32
    private(set) var peer: Int

    init(port: Int) throws {
        peer = port
        socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var time = timeval(tv_sec: Int(patience), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    func send(_ bytes: [UInt8]) {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        name.sin_port = UInt16(truncatingIfNeeded: peer).bigEndian
        withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(socket, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    func receive() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 2048)
        var name = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(socket, &bytes, bytes.count, 0, $0, &size)
            }
        }
        try #require(count >= 0, "nothing came")
        peer = Int(in_port_t(bigEndian: name.sin_port))
        return Array(bytes[..<count])
    }
}

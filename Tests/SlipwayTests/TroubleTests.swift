import Foundation
import Glibc
import LayoutBuilding
import ServerTesting
import Testing

@Suite struct TroubleTests {
    private func expectOneSentence(
        _ program: Program, mentions words: [String], _ location: SourceLocation = #_sourceLocation
    )
        throws
    {
        #expect(try program.finish() == 1, "\(program.errors)", sourceLocation: location)
        let sentences = program.errorLines.filter { $0.hasPrefix("slipway: ") }
        #expect(
            sentences.count == 1 && sentences == program.errorLines.suffix(1), "\(program.errors)",
            sourceLocation: location)
        for word in words {
            #expect(sentences.first?.contains(word) == true, "\(word): \(program.errors)", sourceLocation: location)
        }
        #expect(!program.errors.contains("errno"), "\(program.errors)", sourceLocation: location)
    }

    @Test func theHTTPPortIsTaken() throws {
        let scratch = try Scratch()
        let held = try HeldPort(datagrams: false)
        let program = try Program([
            "serve", "--store", "\(scratch.path)/store", "--dhcp", "off", "--no-tftp", "--http-port", String(held.port),
        ])
        try expectOneSentence(program, mentions: ["HTTP", String(held.port), "--http-port"])
    }

    @Test func theAddressIsNotThisHosts() throws {
        let scratch = try Scratch()
        let program = try Program([
            "serve", "--store", "\(scratch.path)/store", "--dhcp", "off", "--no-tftp", "--http-address", "192.0.2.1",
        ])
        try expectOneSentence(program, mentions: ["HTTP", "192.0.2.1", "--http-address"])
    }

    @Test func theTFTPPortIsTaken() throws {
        let scratch = try Scratch()
        let held = try HeldPort(datagrams: true)
        let program = try Program([
            "serve", "--store", "\(scratch.path)/store", "--dhcp", "off", "--http-port", "0", "--tftp-port",
            String(held.port),
        ])
        try expectOneSentence(program, mentions: ["TFTP", String(held.port)])
    }

    @Test(.enabled(if: Program.canUnshare, "needs a network namespace of its own"))
    func theDHCPPortIsTaken() throws {
        let scratch = try Scratch()
        let options = "serve --dhcp socket --no-tftp --http-port 0 --loader-folder \(try Loaders.folder(in: scratch))"
        let program = try Program(command: [
            "/usr/bin/unshare", "-rn", "/bin/sh", "-c",
            """
            ip link add d0 type veth peer name d1; ip address add 10.9.8.7/24 dev d0; ip link set d0 up; ip link set d1 up
            '\(Program.path)' \(options) --interface d0 --store '\(scratch.path)/a' >'\(scratch.path)/first' 2>&1 &
            first=$!
            for i in $(seq 1800); do grep -q ' ready ' '\(scratch.path)/first' && break; sleep 0.1; done
            '\(Program.path)' \(options) --interface d0 --store '\(scratch.path)/b'
            code=$?
            kill $first; wait $first || cat '\(scratch.path)/first'
            exit $code
            """,
        ])
        try expectOneSentence(program, mentions: ["port 67", "another program"])
    }

    @Test func anInterfaceThatIsNotThere() throws {
        let scratch = try Scratch()
        let program = try Program([
            "serve", "--store", "\(scratch.path)/store", "--no-tftp", "--http-address", "127.0.0.1", "--http-port", "0",
            "--interface", "nosuch0",
        ])
        try expectOneSentence(program, mentions: ["nosuch0", "lo"])
    }

    @Test func aStoreThatIsNone() throws {
        let scratch = try Scratch()
        let file = try scratch.write("file", "no folder")
        for store in [file, "\(file)/store", "/proc/store"] {
            let program = try Program(["serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-port", "0"])
            try expectOneSentence(program, mentions: [store])
        }
    }

    @Test func aMachinesFileThatIsNone() throws {
        let scratch = try Scratch()
        let program = try Program([
            "serve", "--store", "\(scratch.path)/store", "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1",
            "--http-port", "0", "--config", "/nonexistent/m.yaml",
        ])
        let connection = try HTTPConnection(port: program.port())
        #expect(program.says("/nonexistent/m.yaml"), "\(program.errors)")
        #expect(try connection.ask("GET", "/readyz").text.contains("no machine boots until it is corrected"))
        #expect(try connection.ask("POST", "/schematics", body: Array("{}".utf8)).status == 201)
    }

    @Test(.enabled(if: Program.canUnshare, "needs mounts of its own"))
    func aFullDiskRefusesAndKeepsWhatItHas() throws {
        let scratch = try Scratch()
        let store = "\(scratch.path)/store"
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        let program = try Program(command: [
            "/usr/bin/unshare", "-rm", "/bin/sh", "-c",
            "mount -t tmpfs -o size=512k none '\(store)' && exec '\(Program.path)' serve --store '\(store)' --dhcp off --no-tftp "
                + "--http-address 127.0.0.1 --http-port 0",
        ])
        let connection = try HTTPConnection(port: program.port())
        var kept: [String] = []
        var refused: HTTPReply?
        for index in 0..<40 {
            let body = "customization: {extraKernelArgs: [n\(index)=\(String(repeating: "x", count: 40_000))]}"
            let reply = try connection.ask("POST", "/schematics", body: Array(body.utf8))
            guard reply.status == 201 else {
                refused = reply
                break
            }
            kept.append(String(reply.text.dropFirst(7).prefix(64)))
        }
        #expect(refused?.status == 500)
        #expect(kept.count > 3)
        #expect(
            holds { program.errors.contains("No space left on device") || program.errors.contains("is full") },
            "\(program.errors)")
        for id in kept { #expect(try connection.ask("GET", "/schematics/\(id)").status == 200) }
        // What was refused is not there either.
        let again = "customization: {extraKernelArgs: [n\(kept.count)=\(String(repeating: "x", count: 40_000))]}"
        let id = try Program(["schematic", "id", "-"], input: again)
        _ = try id.finish()
        #expect(try connection.ask("GET", "/schematics/\(id.output.prefix(64))").status == 404)
        #expect(try connection.ask("GET", "/healthz").status == 200)
    }

    @Test(.enabled(if: Program.canUnshare, "needs mounts of its own"))
    func anImportOntoAFullDiskNamesIt() throws {
        let scratch = try Scratch()
        let store = "\(scratch.path)/store"
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        // What is left is listed, and then a release that fits is imported all the same.
        let program = try Program(command: [
            "/usr/bin/unshare", "-rm", "/bin/sh", "-c",
            """
            mount -t tmpfs -o size=1m none '\(store)' || exit 9
            '\(Program.path)' release import --store '\(store)' '\(try Imported.release.get().layout)'
            code=$?
            find '\(store)' -type f ! -path '*/blobs/sha256/*' -size +40k
            '\(Program.path)' release list --store '\(store)' >&2 || exit 8
            exit $code
            """,
        ])
        #expect(try program.finish() == 1, "\(program.errors)")
        #expect(program.errors.contains("full") || program.errors.contains("No space left"), "\(program.errors)")
        // Nothing half-written takes up room, and nothing that is not whole is listed.
        #expect(!program.output.contains("\(store)/"), "\(program.output)")
        #expect(program.errors.contains("no releases"), "\(program.errors)")
    }

    @Test func aKilledImportLeavesASoundStore() throws {
        let scratch = try Scratch()
        let layout = "\(scratch.path)/layout"
        let release = try MiniatureRelease(extensions: ["gvisor"], hostile: [], size: 3_000_000)
        try release.layout.write(toFolder: layout)
        let store = "\(scratch.path)/store"
        func begun() -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(store)/temporary")) ?? []).filter {
                !$0.hasSuffix(".lock")
            }
        }
        var interrupted = 0
        for round in 0..<12 {
            let program = try Program(["release", "import", "--store", store, layout])
            // It is killed while something is half-written, a little later each time.
            while begun().isEmpty, !program.hasEnded { usleep(200) }
            usleep(UInt32(round) * 15_000)
            program.send(SIGKILL)
            _ = try program.finish()
            if !begun().isEmpty { interrupted += 1 }
            let list = try Program(["release", "list", "--store", store])
            #expect(try list.finish() == 0, "\(list.errors)")
            #expect(list.errors.isEmpty, "\(list.errors)")
        }
        #expect(interrupted > 0, "no import was killed in the middle")
        let program = try Program(["release", "import", "--store", store, layout])
        #expect(try program.finish() == 0, "\(program.errors)")
        let target = "\(scratch.path)/kernel"
        let build = try Program(["build", "kernel-amd64", "--store", store, "--output", target])
        #expect(try build.finish() == 0, "\(build.errors)")
        #expect(FileManager.default.contents(atPath: target).map { [UInt8]($0) } == release.kernel)
        // What the killed ones had begun is gone.
        #expect(begun().isEmpty, "\(begun())")
    }
}

import Foundation
import Glibc
import LayoutBuilding
import ServerTesting
import Testing

@Suite struct ServeTests {
    /// Serves HTTP on a port that is free.
    private func serve(_ store: String, _ more: [String] = [], environment: [String: String] = [:]) throws -> Program {
        try Program(
            [
                "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port",
                "0",
            ] + more,
            environment: environment)
    }

    @Test(arguments: [false, true])
    func theServiceManagerHearsOfStartAndEnd(isAbstract: Bool) throws {
        let scratch = try Scratch()
        let socket = try NotifySocket(isAbstract ? "@slipway-\(UUID())" : "\(scratch.path)/notify")
        let program = try serve("\(scratch.path)/store", environment: ["NOTIFY_SOCKET": socket.name])
        #expect(try socket.next() == "READY=1\nSTATUS=serving HTTP")
        #expect(try HTTPConnection(port: program.port()).ask("GET", "/healthz").status == 200)
        program.send(SIGTERM)
        #expect(try socket.next() == "STOPPING=1")
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(program.errors.contains(" notice stopped"))
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func itEndsSoonWithATransferUnderWay(signal: Int32) throws {
        let scratch = try Scratch()
        let store = "\(scratch.path)/store"
        try MiniatureRelease(extensions: [], hostile: [], size: 6_000_000).layout.write(
            toFolder: "\(scratch.path)/layout")
        let imported = try Program(["release", "import", "--store", store, "\(scratch.path)/layout"])
        try #require(try imported.finish() == 0, "\(imported.errors)")
        let program = try serve(store)
        let port = try program.port()
        let posted = try HTTPConnection(port: port).ask("POST", "/schematics", body: Array("{}".utf8))
        #expect(posted.status == 201)
        let connection = try HTTPConnection(port: port, receiveBuffer: 4096)
        try connection.send("GET /image/\(CommandTests.emptyID)/v1.13.5/initramfs-amd64.xz HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try !connection.receive(upTo: 1000).isEmpty)
        let idle = try HTTPConnection(port: port)
        #expect(try idle.ask("GET", "/healthz").status == 200)
        program.send(signal)
        let start = ContinuousClock.now
        #expect(try program.finish() == 0, "\(program.errors)")
        // Long before it would let go of a client that does not read.
        #expect(ContinuousClock.now - start < .seconds(40))
        #expect(!program.errors.contains(" error "), "\(program.errors)")
    }

    @Test func aTransferThatIsReadIsFinishedFirst() throws {
        let scratch = try Scratch()
        let program = try serve(try scratch.filledStore())
        let port = try program.port()
        _ = try HTTPConnection(port: port).ask("POST", "/schematics", body: Array("{}".utf8))
        let connection = try HTTPConnection(port: port, receiveBuffer: 4096)
        try connection.send("GET /image/\(CommandTests.emptyID)/v1.13.5/initramfs-amd64.xz HTTP/1.1\r\nHost: x\r\n\r\n")
        // A request that has not been read yet is no transfer under way.
        try connection.awaitFirstByte()
        program.send(SIGTERM)
        #expect(try connection.reply().body.starts(with: Imported.release.get().release.initramfs))
        #expect(try program.finish() == 0)
    }

    /// A full log disk, or a reader that went away, took the daemon down.
    @Test func aLogThatCannotBeWrittenDoesNotEndTheDaemon() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let arguments = "--store \(store) --dhcp off --no-tftp --http-address 127.0.0.1 --http-port 0"
        let socket = try NotifySocket("\(scratch.path)/notify")
        let program = try Program(
            command: ["/bin/sh", "-c", "exec \(Program.path) serve \(arguments) 2>/dev/full"],
            environment: ["NOTIFY_SOCKET": socket.name])
        #expect(try socket.next() == "READY=1\nSTATUS=serving HTTP")
        program.send(SIGTERM)
        #expect(try program.finish() == 0)
    }

    @Test func aLogThatNobodyReadsHoldsNobodyUp() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let pipe = "\(scratch.path)/log"
        try #require(mkfifo(pipe, 0o600) == 0)
        // Held open and never read, and as small as a pipe can be.
        let reader = open(pipe, O_RDWR)
        try #require(reader >= 0)
        defer { close(reader) }
        // F_SETPIPE_SZ of fcntl(2), which the Glibc module leaves out.
        try #require(fcntl(reader, 1031, 4096) >= 4096)
        let port = try #require(unusedPort())
        let socket = try NotifySocket("\(scratch.path)/notify")
        let program = try Program(
            command: [
                "/bin/sh", "-c",
                "exec \(Program.path) serve --store \(store) --dhcp off --no-tftp --http-address 127.0.0.1 --http-port \(port) --log-level trace 2>\(pipe)",
            ],
            environment: ["NOTIFY_SOCKET": socket.name])
        #expect(try socket.next() == "READY=1\nSTATUS=serving HTTP")
        let connection = try HTTPConnection(port: port)
        for number in 0..<300 {
            let mac = "52-54-00-00-0\(number % 10)-\(10 + number / 10 % 90)"
            #expect(try connection.ask("GET", "/boot?mac=\(mac)").status == 200)
            #expect(try connection.ask("GET", "/image/none/v1.13.5/kernel-amd64").status == 404)
        }
        #expect(try connection.ask("GET", "/healthz").status == 200)
        program.send(SIGTERM)
        #expect(try program.finish() == 0)
    }

    @Test func builtAndServedBytesAreTheSame() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let text =
            "customization: {extraKernelArgs: [a=b], systemExtensions: {officialExtensions: [siderolabs/gvisor]}}"
        let schematic = try scratch.write("s.yaml", text)
        // The URL of the factory is in the schematic's extension, so both must have the same.
        let factory = ["--external-url", "http://factory.example"]
        let program = try serve(store, factory)
        let connection = try HTTPConnection(port: program.port())
        let posted = try connection.ask("POST", "/schematics", body: Array(text.utf8))
        let id = try #require(
            (try JSONSerialization.jsonObject(with: Data(posted.body)) as? [String: String])?["id"])
        for asset in ["kernel-amd64", "cmdline-metal-amd64", "initramfs-arm64.xz", "initramfs-amd64.xz"] {
            let target = "\(scratch.path)/\(asset)"
            // Beside the running daemon, in its store; by text and by ID.
            for given in [schematic, id] {
                let build = try Program(
                    ["build", asset, "--store", store, "--schematic", given, "--talos", "1.13", "--output", target]
                        + factory)
                #expect(try build.finish() == 0, "\(build.errors)")
                let served = try connection.ask("GET", "/image/\(id)/v1.13.5/\(asset)")
                #expect(served.status == 200)
                #expect(FileManager.default.contents(atPath: target).map { [UInt8]($0) } == served.body, "\(asset)")
                #expect(build.errors == "\(target): \(served.body.count) bytes\n")
            }
        }
    }

    /// Root that discards what it builds must not lose its /dev/null.
    @Test func whatIsNoFileIsWrittenToAndStays() throws {
        let scratch = try Scratch()
        let pipe = "\(scratch.path)/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        let reader = open(pipe, O_RDWR | O_NONBLOCK)
        try #require(reader >= 0)
        defer { close(reader) }
        let schematic = try scratch.write("s.yaml", "{}")
        let build = try Program([
            "build", "cmdline-metal-amd64", "--store", try scratch.filledStore(), "--schematic", schematic, "--talos",
            "1.13", "--output", pipe,
        ])
        #expect(try build.finish() == 0, "\(build.errors)")
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(reader, &bytes, bytes.count)
        try #require(count > 0)
        #expect(String(decoding: bytes[..<count], as: UTF8.self).hasPrefix("talos.platform=metal "))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).contains("pipe"))
        #expect(try FileManager.default.attributesOfItem(atPath: pipe)[.type] as? FileAttributeType != .typeRegular)
    }

    @Test func explainBesideTheDaemon() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let machines = try scratch.write(
            "machines.yaml",
            "machines:\n- {name: one, mac: 52:54:00:00:00:01, schematic: {customization: {}}, version: latest, args: [x=y]}\n"
        )
        let program = try serve(store, ["--config", machines])
        let port = try program.port()
        _ = try HTTPConnection(port: port).ask("GET", "/boot?mac=52-54-00-00-00-01")
        let arguments = ["explain", "52:54:00:00:00:01", "--store", store, "--config", machines]
        let text = try Program(arguments + ["--server", "http://127.0.0.1:\(port)"])
        #expect(try text.finish() == 0, "\(text.errors)")
        for part in [
            "machine 'one'", "\(machines):2:", "x=y", "#!ipxe", "kernel-amd64", "300001 bytes", "timeline", "script",
        ] {
            #expect(text.output.contains(part), "\(part): \(text.output)")
        }
        let unseen = try Program([
            "explain", "52:54:00:00:00:02", "--store", store, "--server", "http://127.0.0.1:\(port)",
        ])
        #expect(try unseen.finish() == 1)
        #expect(
            unseen.errorLines.count == 1 && unseen.errors.contains("says: nothing has been seen of"), "\(unseen.errors)"
        )
        let silent = try Program(arguments + ["--server", "http://127.0.0.1:1"])
        #expect(try silent.finish() == 1)
        #expect(silent.errorLines.count == 1 && silent.errors.contains("http://127.0.0.1:1 does"), "\(silent.errors)")
        let json = try Program(arguments + ["--json"])
        #expect(try json.finish() == 0)
        let document = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(document["machine"] as? String == "52:54:00:00:00:01")
        #expect((document["commandLine"] as? String)?.hasSuffix(" x=y") == true)
        #expect((document["assets"] as? [Any])?.count == 2)
        let unknown = try Program(["explain", "52:54:00:00:00:99", "--store", store, "--config", machines])
        #expect(try unknown.finish() == 0)
        #expect(unknown.output.contains("none matches"))
        let nowhere = try Program(["explain", "52:54:00:00:00:01", "--store", "\(scratch.path)/none"])
        #expect(try nowhere.finish() == 1)
        #expect(nowhere.errorLines.count == 1 && nowhere.errors.hasPrefix("slipway: the store \(scratch.path)/none"))
    }

    @Test func anEditIsTakenAndABrokenOneRefused() throws {
        let scratch = try Scratch()
        func text(_ argument: String) -> String {
            "machines:\n- {name: one, mac: 52:54:00:00:00:01, schematic: {customization: {}}, version: latest, args: [\(argument)]}\n"
        }
        let machines = try scratch.write("machines.yaml", text("first=1"))
        let program = try serve(try scratch.filledStore(), ["--config", machines])
        let connection = try HTTPConnection(port: program.port())
        func script() throws -> String { try connection.ask("GET", "/boot?mac=52-54-00-00-00-01").text }
        #expect(try script().contains("first=1"))
        #expect(try connection.ask("GET", "/readyz").body.isEmpty)

        try scratch.write("machines.yaml", text("second=2"))
        #expect(try holds { try script().contains("second=2") })
        #expect(program.says("notice machines file in force"))

        try scratch.write("machines.yaml", "machines:\n- {name: one, mac: nonsense}\n")
        #expect(try holds { try connection.ask("GET", "/readyz").text.contains("\(machines):2:") })
        #expect(try script().contains("second=2"))
        #expect(
            program.says(
                "error machines file refused; the last good one stays in force problem=\"\(machines):2:"),
            "\(program.errors)")
        let metrics = try connection.ask("GET", "/metrics").text
        #expect(metrics.contains("slipway_machines_file_loads_total{outcome=\"refused\"} 1\n"), "\(metrics)")
        #expect(metrics.contains("slipway_machines_file_loads_total{outcome=\"taken\"} 2\n"))
        #expect(!metrics.contains("slipway_machines_file_problems 0\n"))

        try scratch.write("machines.yaml", text("third=3"))
        #expect(try holds { try script().contains("third=3") })
        #expect(try connection.ask("GET", "/readyz").body.isEmpty)
    }

    @Test func onceIsRememberedOverARestart() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let machines = try scratch.write(
            "machines.yaml",
            "machines:\n- {name: one, mac: 52:54:00:00:00:01, schematic: {customization: {}}, version: latest, boot: once}\n"
        )
        for run in 1...2 {
            let program = try serve(store, ["--config", machines])
            let connection = try HTTPConnection(port: program.port())
            let script = try connection.ask("GET", "/boot?mac=52-54-00-00-00-01").text
            #expect(script.contains("initramfs-amd64.xz") == (run == 1), "run \(run)")
            if run == 1 {
                let path = "/image/\(CommandTests.emptyID)/v1.13.5/initramfs-amd64.xz"
                #expect(try connection.ask("GET", path).status == 200)
                #expect(
                    try holds {
                        try !connection.ask("GET", "/boot?mac=52-54-00-00-00-01").text.contains("initramfs-amd64.xz")
                    })
                program.send(SIGKILL)
                #expect(try program.finish() == -SIGKILL)
            }
        }
    }

    @Test func theReadyLineTellsThePortsThatWereFree() throws {
        let scratch = try Scratch()
        let program = try Program([
            "serve", "--store", "\(scratch.path)/store", "--dhcp", "off", "--http-port", "0", "--tftp-port", "0",
        ])
        #expect(try program.port("http") > 0)
        #expect(try program.port("tftp") > 0)
        #expect(program.says("serving=\"HTTP, TFTP\""))
    }

    @Test func linesOfTheLogCannotBeForged() throws {
        let scratch = try Scratch()
        let program = try serve("\(scratch.path)/store")
        let connection = try HTTPConnection(port: program.port())
        _ = try connection.ask("GET", "/schematics/x%0A2026-01-01%20notice%20forged%1B%5B2J")
        program.send(SIGTERM)
        #expect(try program.finish() == 0)
        let line = try #require(program.errorLines.first { $0.contains("refused") }, "\(program.errors)")
        #expect(!program.errors.contains("\u{1b}"))
        #expect(program.errorLines.allSatisfy { !$0.hasPrefix("2026-01-01 ") })
        #expect(line.contains("http.status=404"))
    }
}

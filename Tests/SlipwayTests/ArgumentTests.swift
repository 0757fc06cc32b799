import Foundation
import ServerTesting
import Testing

/// Arguments that make no sense, on every command that takes them: the option, the value, and what would be right.
@Suite struct ArgumentTests {
    private func refusal(of arguments: [String]) throws -> String {
        let program = try Program(arguments)
        #expect(try program.finish() == 64, "\(arguments): \(program.errors)")
        #expect(program.output.isEmpty, "\(program.output)")
        return program.errors
    }

    @Test(arguments: [
        "", " http://a", "http://a b", "http://${net0/ip}/", "http://a?x", "http://a/#x", "http://u:p@a",
        "http://a:99999",
        "http://a:", "http://a\n", "10.0.0.1:8080", "ftp://a", "http://", "http://:80", "http://0.0.0.0:8080",
        "http://[::]",
        "http://224.0.0.1", "http://[ff02::1]:8080",
    ])
    func anExternalURLThatIsNone(url: String) throws {
        let scratch = try Scratch()
        let store = ["--store", "\(scratch.path)/none"]
        let others = [["serve"], ["build", "kernel-amd64"], ["explain", "52:54:00:00:00:01"]]
        for command in [["check"]] + (url.contains("$") ? others : []) {
            let errors = try refusal(of: command + store + ["--external-url", url])
            #expect(errors.contains("'\(url)' is invalid for '--external-url <url>': "), "\(errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(scratch.path)/none"))
    }

    /// A path and a slash at the end are a proxy's business.
    @Test(arguments: ["http://factory.example", "https://factory.example/a/b", "https://factory.example/a/b/"])
    func anExternalURLBehindAProxy(url: String) throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let program = try Program([
            "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port", "0",
            "--external-url", url,
        ])
        let connection = try HTTPConnection(port: program.port())
        let id = try connection.ask("POST", "/schematics", body: Array("{}".utf8)).text.dropFirst(7).prefix(64)
        let script = try connection.ask("GET", "/pxe/\(id)/v1.13.5/metal-amd64").text
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        #expect(script.contains("kernel \(base)/image/\(id)/v1.13.5/kernel-amd64 "), "\(script)")
        let target = "\(scratch.path)/initramfs"
        let build = try Program([
            "build", "initramfs-amd64.xz", "--store", store, "--schematic", String(id), "--external-url", url,
            "--output", target,
        ])
        #expect(try build.finish() == 0, "\(build.errors)")
        let served = try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz").body
        #expect(FileManager.default.contents(atPath: target).map { [UInt8]($0) } == served)
    }

    @Test(arguments: [
        ("--http-address", "", "an address of this host"), ("--http-address", "10.0.0.300", "an address of this host"),
        ("--http-address", "127.0.0.1:80", "--http-port"), ("--http-address", "[::1]", "without them"),
        ("--http-address", "http://a", "an address of this host"),
        ("--http-address", "224.0.0.1", "an address of this host"),
        ("--http-address", "255.255.255.255", "an address of this host"), ("--interface", "", "as in eth0"),
        ("--http-port", "70000", "from 0 to 65535"),
        ("--http-port", "x", "from 0 to 65535"), ("--http-port", "+80", "from 0 to 65535"),
        ("--http-port", "", "from 0 to 65535"),
        ("--tftp-port", "65536", "from 0 to 65535"), ("--builds", "0", "from 1 to 1024"),
        ("--builds", "9223372036854775807", "from 1 to 1024"), ("--waiting-builds", "x", "from 0 to 1000000"),
        ("--waiting-builds", "9223372036854775807", "from 0 to 1000000"), ("--store", "", "it is empty"),
        ("--tftp-root", "", "it is empty"), ("--loader-folder", "", "it is empty"), ("--config", "", "it is empty"),
        ("--tftp-transfers", "0", "from 1 to 1000000"), ("--tftp-transfers-per-client", "1025", "from 1 to 1024"),
        ("--schematic-limit", "9", "from 1024 to 67108864"), ("--tftp-block-size", "10.0.0.0=9", "10.1.0.0/16=1418"),
        ("--config-network", "10.1.0.0", "10.1.0.0/16"),
    ])
    func aValueThatIsNone(option: String, value: String, right: String) throws {
        for command in ["serve", "check"] {
            let store = option == "--store" ? [] : ["--store", "/nonexistent"]
            let errors = try refusal(of: [command] + store + [option, value])
            #expect(errors.contains("'\(value)' is invalid for '\(option) ") && errors.contains(right), "\(errors)")
        }
    }

    @Test func helpShowsDefaults() throws {
        let help = try Program(["serve", "--help"])
        #expect(try help.finish() == 0)
        // Lines are broken where the terminal's width has it.
        let text = help.output.split { $0.isWhitespace }.joined(separator: " ")
        for value in [
            "0 takes any that is free. (default: 8080)", "free. (default: 69)", "listens. (default: 0.0.0.0)",
        ] {
            #expect(text.contains(value), "\(help.output)")
        }
        for value in ["4096", "8", "256", "1048576"] {
            #expect(text.contains("(default: \(value))"), "\(value)")
        }
    }

    @Test(arguments: [
        (["x"], "as in 52:54:00:12:34:56"), (["ff:ff:ff:ff:ff:ff"], "broadcast"), (["00:00:00:00:00:00"], "zeros"),
        (["01:00:5e:00:00:01"], "group"), (["52:54:00:00:00:01", "--uuid", "x"], "SMBIOS UUID"),
        (["52:54:00:00:00:01", "--arch", "sparc"], "'amd64' and 'arm64'"),
        (["52:54:00:00:00:01", "--server", ""], "write a URL"),
        (["52:54:00:00:00:01", "--server", "nonsense"], "it does not begin with http://"),
        (["52:54:00:00:00:01", "--server", "https://a"], "plain HTTP"),
        (["52:54:00:00:00:01", "--server", "http://0.0.0.0:8080"], "stands for every address"),
    ])
    func aMachineThatIsNone(arguments: [String], right: String) throws {
        let errors = try refusal(of: ["explain", "--store", "/nonexistent"] + arguments)
        #expect(errors.contains("'\(arguments.last ?? "")' is invalid for ") && errors.contains(right), "\(errors)")
    }

    @Test(arguments: [
        (["explian"], "'slipway' has no subcommand 'explian'; did you mean 'explain'? it has serve, check, explain"),
        (["boots"], "'slipway' has no subcommand 'boots'; it has serve, check, explain"),
        (["release", "lst"], "'slipway release' has no subcommand 'lst'; did you mean 'list'? it has import, list"),
        (
            ["schematic", "sho", "x"],
            "'slipway schematic' has no subcommand 'sho'; did you mean 'show'? it has id, show"
        ),
    ])
    func aSubcommandThatIsNone(arguments: [String], text: String) throws {
        let errors = try refusal(of: arguments)
        #expect(errors.contains(text), "\(errors)")
    }

    @Test(arguments: [
        ("kernel", "did you mean 'kernel-amd64'?"), ("initramfs-amd64", "did you mean 'initramfs-amd64.xz'?"),
        ("kernl-arm64", "did you mean 'kernel-arm64'?"), ("nonsense", "kernel-<arch>"), ("", "kernel-<arch>"),
        ("kernel-sparc", "'sparc' is no architecture; it is one of amd64, arm64"),
        ("cmdline-amd64", "'amd64' is not a platform and an architecture, as in metal-amd64"),
        ("cmdline-metl-amd64", "did you mean 'metal'?"),
        ("cmdline-foo-amd64", "no platform 'foo'; it is one of metal, aws"),
    ])
    func anAssetThatIsNone(asset: String, text: String) throws {
        let errors = try refusal(of: ["build", asset, "--store", "/nonexistent"])
        #expect(errors.contains("'\(asset)' is invalid for '<asset>'") && errors.contains(text), "\(errors)")
        #expect(!errors.contains("profile path"), "\(errors)")
    }

    @Test(arguments: [
        (["build", "kernel-amd64", "--talos"], "v9"), (["build", "kernel-amd64", "--talos"], ""),
        (["build", "kernel-amd64", "--talos"], "v1.13.x"), (["release", "import", ".", "--talos"], "x"),
        (["release", "import", ".", "--talos"], "latest"), (["release", "import"], ""), (["schematic", "id"], ""),
        (["build", "kernel-amd64", "--schematic"], ""),
    ])
    func aVersionOrNameThatIsNone(arguments: [String], value: String) throws {
        let errors = try refusal(
            of: arguments + [value] + (arguments[0] == "schematic" ? [] : ["--store", "/nonexistent"]))
        #expect(errors.contains("'\(value)' is invalid for "), "\(errors)")
    }

    @Test func aSchematicOrLayoutThatIsNone() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let id = String(repeating: "1", count: 64)
        let lost = try Program([
            "build", "kernel-amd64", "--store", store, "--schematic", id, "--output", "\(scratch.path)/out",
        ])
        #expect(try lost.finish() == 1)
        #expect(lost.errors.hasPrefix("slipway: the schematic \(id) is not in \(store); "), "\(lost.errors)")
        for text in ["", "hello", "machines: []\n"] {
            let file = try scratch.write("layout.tar", text)
            let program = try Program(["release", "import", "--store", store, file])
            #expect(try program.finish() == 1)
            #expect(program.errors.hasPrefix("slipway: \(file) is not an OCI layout"), "\(program.errors)")
            #expect(program.errors.contains("skopeo copy"), "\(program.errors)")
        }
    }
}

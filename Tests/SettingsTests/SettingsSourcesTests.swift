import NetworkTypes
import Testing

@testable import Settings

/// Which source wins, and what is said of it.
@Suite struct SettingsSourcesTests {
    private let usual = ApplianceSettings()

    private func address(_ text: String) -> IPv4Address { IPv4Address(parsing: text) ?? .any }

    private func load(_ environment: [String: String] = [:], _ flags: [FlagValue] = []) -> LoadedSettings {
        SettingsSources(file: "/dev/null/none", environment: environment, flags: flags).load()
    }

    private func problems(_ environment: [String: String]) -> [String] {
        // The file that is not there is the first.
        Array(load(environment).problems.dropFirst())
    }

    @Test func everyVariableIsRead() {
        let environment = [
            "SLIPWAY_INTERFACES": "eth0, eth1", "SLIPWAY_MACHINES": "m.yaml", "SLIPWAY_HTTP_ADDRESS": "::",
            "SLIPWAY_HTTP_PORT": "81", "SLIPWAY_HTTP_EXTERNAL_URL": "http://a", "SLIPWAY_METRICS_ADDRESS": "off",
            "SLIPWAY_METRICS_PORT": "1", "SLIPWAY_DHCP": "socket", "SLIPWAY_TFTP_ENABLED": "false",
            "SLIPWAY_TFTP_PORT": "70", "SLIPWAY_TFTP_ROOT": "/r", "SLIPWAY_TFTP_TRANSFERS": "5",
            "SLIPWAY_TFTP_TRANSFERS_PER_ADDRESS": "6", "SLIPWAY_TFTP_SINGLE_PORT": "true",
            "SLIPWAY_LOADER_FOLDERS": "/a,/b", "SLIPWAY_STORE_PATH": "/s", "SLIPWAY_BUILDS_AT_ONCE": "2",
            "SLIPWAY_BUILDS_WAITING": "3", "SLIPWAY_SCHEMATICS_SIZE_LIMIT": "2048",
            "SLIPWAY_PUBLISHED_ASSETS_FOLDER": "/p",
            "SLIPWAY_PUBLISHED_ASSETS_URL": "https://a", "SLIPWAY_LOG_LEVEL": "error",
            "SLIPWAY_NETWORKS_BLOCK_SIZE": "1024,10.1.0.0/16=1428",
            "SLIPWAY_NETWORKS_CONFIGURATIONS": "10.1.0.0/16,10.2.0.0/16=false",
            "SLIPWAY_RELEASES_REGISTRY": "registry.lan", "SLIPWAY_RELEASES_NAMESPACE": "a",
            "SLIPWAY_REGISTRIES_MIRROR_OF": "a.lan=ghcr.io,b.lan:5000=docker.io", "SLIPWAY_REGISTRIES_CA": "a.lan=/ca",
            "SLIPWAY_REGISTRIES_INSECURE": "b.lan:5000,a.lan=false", "SLIPWAY_REGISTRIES_USERNAME": "a.lan=u",
            "SLIPWAY_REGISTRIES_PASSWORD_FILE": "a.lan=/p", "SLIPWAY_REGISTRIES_PASSWORD": "a.lan=s=1",
        ]
        #expect(Set(environment.keys) == Set(ApplianceSettings.declarations.map(\.variable)))
        let loaded = load(environment)
        #expect(loaded.problems.count == 1 && loaded.remarks.isEmpty, "\(loaded.problems)")
        let entries = SettingsListing(loaded.settings).entries
        #expect(entries.allSatisfy { environment[$0.origin] != nil }, "\(entries)")
        #expect(loaded.settings.interfaces == ["eth0", "eth1"] && loaded.settings.chosenLoaderFolders == ["/a", "/b"])
        #expect(
            loaded.settings.tftpBlockSizes.entries.map { "\($0)=\($1)" }.sorted() == [
                "0.0.0.0/0=1024", "10.1.0.0/16=1428",
            ])
        #expect(loaded.settings.givesConfigurations(to: address("10.1.0.1")))
        #expect(!loaded.settings.givesConfigurations(to: address("10.2.0.1")))
    }

    @Test(arguments: [
        ("SLIPWAY_HTTP_PORT", "x", "SLIPWAY_HTTP_PORT: it is 'x'; write a number from 0 to 65535"),
        ("SLIPWAY_HTTP_PROT", "80", "SLIPWAY_HTTP_PROT: there is no such setting; did you mean 'SLIPWAY_HTTP_PORT'?"),
        ("SLIPWAY_INTERFACES", "eth0,,eth1", "SLIPWAY_INTERFACES: it is 'eth0,,eth1'; it is empty; name an interface"),
        ("SLIPWAY_NETWORKS_CONFIGURATIONS", "10.1.0.0", "'10.1.0.0' is not a network"),
        (
            "SLIPWAY_NETWORKS_BLOCK_SIZE", "10.1.0.0/16=x",
            "write a number from 8 to 65464, perhaps behind a network, as in 10.1.0.0/16=1418"
        ),
        ("SLIPWAY_STORE", "/s", "SLIPWAY_STORE: there is no such setting; did you mean 'SLIPWAY_STORE_PATH'?"),
        ("SLIPWAY_DHCP", "on", "it is one of automatic, socket, capture, off"),
    ])
    func aVariableWithAMistake(name: String, value: String, expected: String) {
        let problems = problems([name: value])
        #expect(problems.count == 1 && problems[0].hasPrefix(name) && problems[0].contains(expected), "\(problems)")
    }

    @Test(arguments: [
        ("SLIPWAY_REGISTRIES_PASSWORD", "hunter2"), ("SLIPWAY_REGISTRIES_PASSWORD", "h!=hunter2"),
        ("SLIPWAY_REGISTRIES_PASSWORD", "harbor.lan=hunter2\u{1}x"), ("SLIPWAY_REGISTRIES_PASSWORD", "a.lan=x,hunter2"),
    ])
    func aSecretIsNotInWhatIsSaidOfIt(name: String, value: String) {
        let problems = problems([name: value])
        #expect(!problems.isEmpty && !"\(problems)".contains("hunter2"), "\(problems)")
        #expect(problems[0].hasPrefix("\(name): it is not readable; write it as in harbor.lan=…"), "\(problems)")
    }

    @Test func whatMakesNoSenseTogetherIsNamed() {
        let alone = problems(["SLIPWAY_REGISTRIES_USERNAME": "harbor.lan=robot"])
        #expect(alone.count == 1 && alone[0].hasPrefix("SLIPWAY_REGISTRIES_USERNAME: harbor.lan: there is no password"))
        let nobody = problems(["SLIPWAY_REGISTRIES_PASSWORD": "harbor.lan=hunter2"])
        #expect(
            nobody.count == 1 && nobody[0].hasPrefix("SLIPWAY_REGISTRIES_PASSWORD: there is no user for a password"))
        let itself = problems(["SLIPWAY_REGISTRIES_MIRROR_OF": "A.lan=a.lan"])
        #expect(itself.count == 1 && itself[0].contains("a registry is no mirror of itself"), "\(itself)")
        let both = problems([
            "SLIPWAY_REGISTRIES_USERNAME": "harbor.lan=robot", "SLIPWAY_REGISTRIES_PASSWORD_FILE": "HARBOR.lan=/p",
        ])
        #expect(both.isEmpty, "\(both)")
    }

    /// What is nobody's misspelling is not ours to refuse: Kubernetes makes variables like the second.
    @Test func variablesOfOthersAreLeftAlone() {
        let loaded = load([
            "SLIPWAY_OPTIONS": "--dhcp off", "SLIPWAY_PORT_8080_TCP_ADDR": "10.0.0.1", "SLIPWAY_HTTP_PORT": "",
            "OTHER": "x",
        ])
        #expect(loaded.problems.count == 1 && loaded.settings.httpPort == 8080)
        #expect(loaded.remarks == ["SLIPWAY_PORT_8080_TCP_ADDR is the variable of no setting"])
    }

    @Test func aFlagIsStrongerThanAVariable() throws {
        let loaded = load(
            [
                "SLIPWAY_HTTP_PORT": "81", "SLIPWAY_INTERFACES": "eth0,eth1",
                "SLIPWAY_NETWORKS_BLOCK_SIZE": "10.1.0.0/16=1000,10.2.0.0/16=1100",
            ],
            [
                try FlagValue(usual.$httpPort, "82"), try FlagValue(usual.$httpPort, "83"),
                try FlagValue(usual.$interfaces, "eth2"), try FlagValue(usual.$interfaces, "eth3"),
                try FlagValue(usual.$tftpBlockSizes, "10.1.0.0/16=1200"),
            ])
        let settings = loaded.settings
        #expect(settings.httpPort == 83 && settings.$httpPort.title == "--http-port")
        #expect(settings.interfaces == ["eth2", "eth3"])
        #expect(
            settings.tftpBlockSizes.entries.map { "\($0)=\($1)" }.sorted() == ["10.1.0.0/16=1200", "10.2.0.0/16=1100"])
        let origins = SettingsListing(settings).entries.filter { $0.name.hasSuffix("block-size") }.map(\.origin)
        #expect(origins == ["--tftp-block-size", "SLIPWAY_NETWORKS_BLOCK_SIZE"])
    }

    @Test func theFlagOfMetricsHasAddressAndPort() throws {
        let taken = load(["SLIPWAY_METRICS_PORT": "1"], try FlagValue.metrics("[::1]:9")).settings
        #expect(taken.metrics == .endpoint(ListenEndpoint(host: .ipv6("::1"), port: 9)))
        #expect(load([:], try FlagValue.metrics("off")).settings.metrics == .off)
        #expect(load().settings.metrics == .usual(ListenEndpoint(host: .ipv4(.loopback), port: 2122)))
        #expect(throws: SettingFault.self) { try FlagValue.metrics("127.0.0.1") }
    }

    @Test func aFileThatWasNamedMustBeThere() {
        let problems = load().problems
        #expect(
            problems.count == 1 && problems[0].hasPrefix("/dev/null/none:1:1: the file cannot be read: "), "\(problems)"
        )
        let byVariable = SettingsSources(environment: ["SLIPWAY_SETTINGS": "/dev/null/other"]).load().problems
        #expect(byVariable.count == 1 && byVariable[0].hasPrefix("/dev/null/other:1:1: "), "\(byVariable)")
        let folder = SettingsSources(file: "/").load().problems
        #expect(folder.count == 1 && folder[0].contains("it is not a regular file"), "\(folder)")
    }

    /// A password without its registry is none, and what is before its first '=' is a piece of it.
    @Test(arguments: ["c2VjcmV0cGFzc3dvcmQ==", "harbor.lan=abc,d=ef"])
    func noPieceOfAPasswordIsShown(_ text: String) {
        let loaded = load(["SLIPWAY_REGISTRIES_PASSWORD": text, "SLIPWAY_REGISTRIES_USERNAME": "harbor.lan=robot"])
        let said = loaded.problems.joined(separator: "\n").lowercased()
        #expect(!said.contains("c2vjcmv0") && !said.contains(" d:") && !said.contains("to d"), "\(said)")
        #expect(said.contains("there is no user for a password"), "\(said)")
    }
}

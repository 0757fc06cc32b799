import CodecTesting
import Logging
import NetworkTypes
import Testing

@testable import Settings

/// A settings file in a folder of a test's own, and what becomes of it.
struct SettingsFile {
    static let path = "/etc/test/slipway.yaml"

    /// Reads a text as the file at ``path`` would be read.
    static func read(_ text: String) -> (settings: ApplianceSettings, problems: [String]) {
        read(Array(text.utf8))
    }

    static func read(_ text: [UInt8]) -> (settings: ApplianceSettings, problems: [String]) {
        let loaded = SettingsSources.read(text, path: path)
        return (loaded.settings, loaded.problems)
    }
}

@Suite struct SettingsFileTests {
    private func address(_ text: String) -> IPv4Address { IPv4Address(parsing: text) ?? .any }

    static let whole = """
        # A comment.
        interfaces: [eth0, eth1]
        machines: machines.yaml
        http: {address: 10.77.0.2, port: 80, external-url: http://boot.example/a}
        metrics:
          address: "::1"
          port: 0
        dhcp: off
        tftp: {enabled: false, port: 6969, root: files, transfers: 9, transfers-per-address: 1024, single-port: true}
        loader-folders: /opt/ipxe
        store: {path: /data}
        builds: {at-once: 3, waiting: 0}
        schematics: {size-limit: 4096}
        published-assets: {folder: published, url: "https://files.example/talos"}
        releases: {registry: Registry.lan:5000, namespace: mirror/talos}
        registries:
          Harbor.lan: {mirror-of: ghcr.io, ca: ca.pem, insecure: false, username: robot, password-file: harbor}
        log-level: debug
        networks:
          10.1.0.0/16: {block-size: 1428, configurations: true}
          10.2.0.0/16:
            configurations: false
        """

    @Test func everyKeyIsRead() {
        let (settings, problems) = SettingsFile.read(Self.whole)
        #expect(problems.isEmpty, "\(problems)")
        #expect(settings.interfaces == ["eth0", "eth1"])
        #expect(settings.machinesFile == "/etc/test/machines.yaml")
        #expect(settings.httpAddress.description == "10.77.0.2" && settings.httpPort == 80)
        #expect(settings.externalURL?.description == "http://boot.example/a")
        #expect(settings.metrics == .endpoint(ListenEndpoint(host: .ipv6("::1"), port: 0)))
        #expect(settings.dhcp == .off)
        #expect(!settings.servesTFTP && settings.tftpPort == 6969 && settings.tftpRoot == "/etc/test/files")
        #expect(settings.tftpTransfers == 9 && settings.tftpTransfersPerAddress == 1024 && settings.tftpSinglePort)
        #expect(settings.chosenLoaderFolders == ["/opt/ipxe"] && settings.store == "/data")
        #expect(settings.builds == 3 && settings.waitingBuilds == 0 && settings.schematicLimit == 4096)
        #expect(settings.publishing?.folder == "/etc/test/published")
        #expect(settings.publishing?.url.description == "https://files.example/talos")
        #expect(settings.logLevel == .debug)
        #expect(settings.tftpBlockSizes.entries.map { "\($0) \($1)" } == ["10.1.0.0/16 1428"])
        #expect(settings.releaseRegistry.description == "registry.lan:5000")
        #expect(settings.releaseNamespace == "mirror/talos")
        let registry = settings.registries.first
        #expect(settings.registries.count == 1 && registry?.registry.description == "harbor.lan")
        #expect(registry?.mirrorOf?.description == "ghcr.io" && registry?.isInsecure == false)
        #expect(registry?.certificateAuthority == "/etc/test/ca.pem" && registry?.username == "robot")
        #expect(registry?.passwordFile == "/etc/test/harbor" && registry?.password == nil)
        #expect(settings.givesConfigurations(to: address("10.1.255.255")))
        #expect(!settings.givesConfigurations(to: address("10.2.0.1")))
        #expect(!settings.givesConfigurations(to: address("10.3.0.1")))
        // All that can be set is in this file, so nothing is a default any more.
        let usual = SettingsListing(settings).entries.filter { $0.origin == "default" }
        #expect(usual.isEmpty, "\(usual)")
        #expect(settings.$httpPort.title == "/etc/test/slipway.yaml:4:34: http.port")
    }

    @Test func theSmallestNetworkDecidesWhoIsGivenAConfiguration() {
        let (settings, problems) = SettingsFile.read(
            "networks: {0.0.0.0/0: {configurations: true}, 10.2.0.0/16: {configurations: false}, 10.2.3.0/24: {block-size: 512}}"
        )
        #expect(problems.isEmpty, "\(problems)")
        #expect(settings.givesConfigurations(to: address("10.1.0.1")))
        #expect(!settings.givesConfigurations(to: address("10.2.0.1")))
        #expect(!settings.givesConfigurations(to: address("10.2.3.4")))
    }

    @Test(arguments: [
        "", "# nothing\n", "---\n", "{}", "null", "http:\n# port: 1\nnetworks:\n  10.0.0.0/8:\ntftp: ~\n",
    ])
    func nothingIsEveryDefault(text: String) {
        let (settings, problems) = SettingsFile.read(text)
        #expect(problems.isEmpty, "\(problems)")
        #expect(SettingsListing(settings).entries == SettingsListing(ApplianceSettings()).entries)
    }

    @Test func mirrorsKeepTheirOrder() {
        let text =
            "registries: {b.lan: {mirror-of: ghcr.io}, c.lan: {insecure: true}, a.lan: {mirror-of: ghcr.io, ca: /x}}"
        let (settings, problems) = SettingsFile.read(text)
        #expect(problems.isEmpty, "\(problems)")
        #expect(settings.registries.map(\.registry.description) == ["b.lan", "a.lan", "c.lan"])
        let (again, faults) = SettingsFile.read(SettingsListing(settings).text)
        #expect(faults.isEmpty && again.registries.map(\.registry.description) == ["b.lan", "a.lan", "c.lan"])
    }

    @Test func nullIsNoValueWhereThereMayBeNone() {
        let (settings, problems) = SettingsFile.read(
            "interfaces: []\nmachines: null\nhttp: {external-url: ~}\nmetrics: {address: off}\nbuilds: {at-once: null}\n"
        )
        #expect(problems.isEmpty, "\(problems)")
        #expect(settings.machinesFile == nil && settings.$machinesFile.isGiven)
        #expect(settings.metrics == .off && settings.builds == nil && settings.interfaces.isEmpty)
    }

    @Test(arguments: [
        ("prot: 1", "1:1: unknown key 'prot' in the settings file; the keys are interfaces, machines, http, "),
        ("htpp: {}", "1:1: unknown key 'htpp' in the settings file; did you mean 'http'?"),
        ("http: {prot: 1}", "1:8: unknown key 'prot' in 'http'; did you mean 'port'?"),
        ("http-port: 1", "1:1: unknown key 'http-port' in the settings file; write 'port' under 'http'"),
        ("http.port: 1", "1:1: unknown key 'http.port' in the settings file; write 'port' under 'http'"),
        ("external-url: x", "1:1: unknown key 'external-url' in the settings file; write 'external-url' under 'http'"),
        ("config: x", "1:1: unknown key 'config' in the settings file; write 'machines' at the top level"),
        (
            "tftp: {block-size: 9}",
            "1:8: unknown key 'block-size' in 'tftp'; write 'block-size' under a network of 'networks'"
        ),
        (
            "config-network: 9",
            "unknown key 'config-network' in the settings file; write 'configurations' under a network of "
        ),
        ("http: {port: 1, port: 2}", "1:17: 'port' stands twice in 'http', first in line 1; remove one"),
        ("http: 8080", "1:7: 'http' is a single value; it is a mapping with the keys address, port, external-url"),
        ("http: [1]", "1:7: 'http' is a list; it is a mapping with the keys"),
        ("http: {port: 70000}", "1:14: 'port' of 'http' is '70000'; write a number from 0 to 65535"),
        ("http:\n  port: -1", "2:9: 'port' of 'http' is '-1'; write a number from 0 to 65535"),
        ("http: {port: 0x50}", "1:14: 'port' of 'http' is '0x50'; write a number"),
        ("http: {port: 1.5}", "1:14: 'port' of 'http' is '1.5'; write a number"),
        ("http: {port: 99999999999999999999999}", "is '99999999999999999999999'; write a number"),
        ("http: {port: [1]}", "1:14: 'port' of 'http' is a list; it is a single value"),
        ("http: {port: {a: 1}}", "1:14: 'port' of 'http' is a mapping; it is a single value"),
        ("http: {port: null}", "1:14: 'port' of 'http' is empty; give it a value or remove the key"),
        ("http: {port: }", "'port' of 'http' is empty; give it a value or remove the key"),
        ("http: {address: 10.0.0.300}", "1:17: 'address' of 'http' is '10.0.0.300'; it is neither"),
        ("http: {external-url: ftp://a}", "'external-url' of 'http' is 'ftp://a'; 'ftp' is not spoken here"),
        ("dhcp: never", "1:7: 'dhcp' of the settings file is 'never'; it is one of automatic, socket, capture, off"),
        ("tftp: {enabled: yes}", "1:17: 'enabled' of 'tftp' is 'yes'; write true or false"),
        ("tftp: {transfers: 0}", "write a number from 1 to 1000000"),
        ("store: {path: ''}", "1:15: 'path' of 'store' is empty; give it a value"),
        ("store: {path: \"/a\\0b\"}", "it has a zero byte in it"),
        ("interfaces: [eth0, ]\nhttp: {port: x}", "2:14: 'port' of 'http' is 'x'"),
        ("interfaces: [eth0, [a]]", "1:20: 'interfaces' of the settings file is a list; each item is a single value"),
        ("interfaces: [a/b]", "1:14: 'interfaces' of the settings file is 'a/b'; no interface has such a name"),
        ("interfaces: [\"eth0\\0x\"]", "no interface has such a name"),
        (
            "networks: [10.0.0.0/8]",
            "1:11: 'networks' is a list; it is a mapping with a key for each network, as in 10.1.0.0/16"
        ),
        ("networks: {10.1.2.3/16: {}}", "1:12: '10.1.2.3/16' in 'networks': 10.1.2.3 is inside a network"),
        ("networks: {eth0: {}}", "1:12: 'eth0' in 'networks': 'eth0' is not a network"),
        (
            "networks: {10.0.0.0/8: {}, 10.0.0.0/8: {}}",
            "1:28: '10.0.0.0/8' stands twice in 'networks', first in line 1"
        ),
        (
            "networks: {10.0.0.0/8: {block-size: 7}}",
            "'block-size' of '10.0.0.0/8' of 'networks' is '7'; write a number"
        ),
        (
            "networks: {10.0.0.0/8: {blok-size: 9}}",
            "unknown key 'blok-size' in '10.0.0.0/8' of 'networks'; did you mean 'block-size'?"
        ),
        (
            "networks: {10.0.0.0/8: true}",
            "'10.0.0.0/8' of 'networks' is a single value; it is a mapping with the keys block-size, "
        ),
        (
            "registries: {harbor.lan: {password: x}}",
            "'password' of 'harbor.lan' of 'registries' is a secret, and others may read this file; put it into a file of its own "
                + "and name that with 'password-file', or into the variable SLIPWAY_REGISTRIES_PASSWORD"
        ),
        ("registries: {a/b: {}}", "1:14: 'a/b' in 'registries': it is no registry's host"),
        (
            "registries: {harbor.lan: {}, HARBOR.lan: {}}",
            "1:30: 'harbor.lan' stands twice in 'registries', first in line 1"
        ),
        ("registries: {h: {username: 'a:b'}}", "no user of a registry has a ':' in his name"),
        ("registries: {h: {mirror-of: }}", "'mirror-of' of 'h' of 'registries' is empty"),
        ("releases: {namespace: /x}", "1:23: 'namespace' of 'releases' is '/x'; write parts of a-z"),
        ("networks: {[1]: {}}", "1:12: a network is a list"),
        ("[1]", "1:1: the settings file is a list; it is a mapping with the keys interfaces, machines"),
        ("text", "1:1: the settings file is a single value"),
        ("a: 1\n---\nb: 2", "2:1: a second document begins here"),
        ("http: {<<: {port: 1}}", "1:8: unknown key '<<' in 'http'"),
        ("http: {port: *p}", "1:14: '*p' refers to nothing before it"),
        ("http: {port: 80", "this is not YAML; correct it"),
        ("\thttp: 1", "this is not YAML; correct it"),
        ("http: {port: “80”}", "'“' (U+201C) is a typographic quotation mark"),
        ("h\u{0}t\u{0}", "the file is UTF-16, and not UTF-8"),
    ])
    func aMistakeIsNamedAtItsPlace(text: String, expected: String) {
        let (_, problems) = SettingsFile.read(text)
        #expect(problems.count == 1, "\(problems)")
        let problem = problems.first ?? ""
        #expect(problem.hasPrefix(SettingsFile.path + ":") && problem.contains(expected), "\(problem)")
    }

    @Test func everyMistakeIsReportedInTheOrderOfTheFile() {
        let text =
            "dhcp: x\nhtpp: 1\nnetworks: {1.2.3.4: {}}\nhttp: {port: x, port: 1, prt: 2}\nstore: 5\ntftp: {root: [], port: 1}\n"
        let lines = SettingsFile.read(text).problems.map {
            $0.split(separator: ":").dropFirst().prefix(2).joined(separator: ":")
        }
        #expect(lines == ["1:7", "2:1", "3:12", "4:14", "4:17", "4:26", "5:8", "6:14"])
    }

    @Test func anAliasIsWhatItStandsFor() {
        let (settings, problems) = SettingsFile.read("http: {port: &p 81}\nmetrics: {port: *p}\n")
        #expect(problems.isEmpty && settings.metricsPort == 81, "\(problems)")
        #expect(settings.$metricsPort.title == "/etc/test/slipway.yaml:2:17: metrics.port")
    }

    @Test func listsAndNetworksAreFew() {
        let names = (0...1000).map { "eth\($0)" }.joined(separator: ", ")
        #expect(SettingsFile.read("interfaces: [\(names)]").problems.count == 1)
        let networks = (0...1000).map { "10.\($0 / 256).\($0 % 256).0/24: {block-size: 512}" }.joined(separator: ", ")
        let (settings, problems) = SettingsFile.read("networks: {\(networks)}")
        #expect(problems.count == 1 && problems[0].contains("there are more than 1000"), "\(problems)")
        #expect(settings.tftpBlockSizes.entries.count == 1000)
    }

    @Test func corruptedFilesAreRefusedOrReadAndNeverTrap() {
        exerciseDecoder(on: Array(Self.whole.utf8), mutations: 4000) { bytes in
            let (settings, problems) = SettingsFile.read(Array(bytes))
            // What is in force can be written down, and is the same when it is read again.
            let listing = SettingsListing(settings)
            let (again, faults) = SettingsFile.read(listing.text)
            #expect(faults.isEmpty, "\(faults) of \(listing.text)")
            #expect(listing.entries.map(\.value) == SettingsListing(again).entries.map(\.value))
            #expect(problems.allSatisfy { $0.hasPrefix("/etc/test/slipway.yaml:") })
        }
    }
}

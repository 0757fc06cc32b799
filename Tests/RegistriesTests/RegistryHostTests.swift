import NetworkTypes
import OCIModel
import Registries
import Testing

@Suite struct RegistryHostTests {
    @Test(arguments: ["docker.io", "index.docker.io", "registry-1.docker.io", "Docker.IO"])
    func dockerHubHasManyNames(_ name: String) throws {
        let host = try RegistryHost(parsing: name)
        #expect(host == .dockerHub)
        #expect(host.apiAuthority == "registry-1.docker.io")
    }

    @Test func aPortCounts() throws {
        #expect(try RegistryHost(parsing: "ghcr.io:443") != .github)
        #expect(try RegistryHost(parsing: "GHCR.io") == .github)
        #expect(try RegistryHost(of: ImageReference(parsing: "siderolabs/imager:v1")) == .dockerHub)
        #expect(try RegistryHost(of: ImageReference(parsing: "[fd00::1]:5000/a:v1")).description == "[fd00::1]:5000")
    }

    @Test(arguments: ["", "a/b", "user@host", "host:0", "host:70000", "0.0.0.0", "a b", "224.0.0.1", "ho\nst"])
    func whatIsNoHostIsRefused(_ text: String) {
        let error = #expect(throws: RegistryError.self) { try RegistryHost(parsing: text) }
        #expect(error?.code == .invalidName)
    }

    @Test(arguments: [
        ("127.0.0.1:5000", AddressClass.loopback), ("localhost:5000", .loopback), ("reg.localhost", .loopback),
        ("[::1]", .loopback), ("[::ffff:127.0.0.1]", .loopback), ("10.0.0.1", .site), ("172.31.0.1", .site),
        ("172.32.0.1", .global), ("192.168.1.1", .site), ("100.64.0.1", .site), ("[fd00::2]", .site),
        ("169.254.169.254", .link), ("[fe80::1]", .link), ("[::ffff:169.254.169.254]", .link),
        ("[64:ff9b::a9fe:a9fe]", .link), ("8.8.8.8", .global), ("[2001:db8::1]", .global), ("ghcr.io", .global),
        ("notlocalhost", .global),
    ])
    func addressesReachSoFar(_ text: String, _ expected: AddressClass) throws {
        let host = try RegistryHost(parsing: text)
        #expect(host.addressClass == expected)
        #expect(host.isLocal == (expected == .loopback || expected == .site))
    }

    @Test func secretsAreNotPrinted() {
        let credentials: [Credential] = [
            .basic(user: "u", password: "hush"), .identityToken("hush"), .bearer("hush"),
        ]
        for credential in credentials {
            var dumped = ""
            dump(credential, to: &dumped)
            for text in ["\(credential)", String(reflecting: credential), dumped, "\([credential])"] {
                #expect(!text.contains("hush"))
            }
        }
        #expect(!"\(RegistrySettings(credential: .bearer("hush")))".contains("hush"))
    }
}

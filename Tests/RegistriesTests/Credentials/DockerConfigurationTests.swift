import CodecTesting
import Testing

@testable import Registries

@Suite struct DockerConfigurationTests {
    private func credential(
        _ text: String, _ host: String, _ repository: String? = "a/b"
    ) throws -> Credential? {
        try DockerConfiguration(decoding: Array(text.utf8), name: "config.json")
            .entry(for: RegistryHost(parsing: host), repository)?.credential
    }

    private static let usual = Credential.basic(user: "user", password: "pa:ss")

    @Test(
        arguments: [
            // USER:PASSWORD in base64, cut at the first colon.
            (#"{"auth":"dXNlcjpwYTpzcw=="}"#, Self.usual),
            (#"{"auth":"dXNlcjpwYTpzcw"}"#, Self.usual),
            (#"{"auth":"dXNlcjpw\nYTpzcw==\n"}"#, Self.usual),
            // With NULs behind it, as some programs write.
            (#"{"auth":"dXNlcjpwYTpzcwAA"}"#, Self.usual),
            // Either alphabet: "user:??>" and "user:~~~".
            (#"{"auth":"dXNlcjo_Pz4="}"#, .basic(user: "user", password: "??>")),
            (#"{"auth":"dXNlcjp-fn4="}"#, .basic(user: "user", password: "~~~")),
            (#"{"auth":"dXNlcjp+fn4="}"#, .basic(user: "user", password: "~~~")),
            (#"{"auth":"dXNlcjo="}"#, .basic(user: "user", password: "")),
            (#"{"auth":"dXNlcjpwYTpzcw==","username":"x","password":"y","email":"e"}"#, Self.usual),
            (#"{"username":"robot$p+n","password":"s:ec"}"#, .basic(user: "robot$p+n", password: "s:ec")),
            (#"{"auth":"MDAwMDo=","identitytoken":"RT"}"#, .identityToken("RT")),
            (#"{"identitytoken":"RT","registrytoken":"T"}"#, .bearer("T")),
            (#"{"registrytoken":""}"#, nil), ("{}", nil), ("null", nil), (#"{"auth":""}"#, nil),
            (#"{"auth":null}"#, nil),
            (#"{"email":"e@example.net"}"#, nil),
        ] as [(String, Credential?)])
    func entries(entry: String, expected: Credential?) throws {
        #expect(try credential(#"{"auths":{"reg.lan":\#(entry)}}"#, "reg.lan") == expected)
    }

    @Test(arguments: [
        (#"{"auth":"!!!"}"#, "not base64"), (#"{"auth":"dXNlcg=="}"#, "USER:PASSWORD"),
        (#"{"auth":"OnB3"}"#, "USER:PASSWORD"),
        (#"{"auth":"dXNlcjoKcA=="}"#, "something else than text"), (#"{"auth":"/zr/"}"#, "something else than text"),
        (#"{"auth":7}"#, "'auth'"), (#"{"identitytoken":{}}"#, "'identitytoken'"), (#"["x"]"#, "not an object"),
        (#"{"username":"u"}"#, "other half"), (#"{"password":"secret-word"}"#, "other half"),
        (#"{"username":"u","password":"secret-word\n"}"#, "control character"),
    ])
    func faultsNameFileAndKeyAndKeepTheSecret(entry: String, problem: String) throws {
        let text = #"{"auths":{"reg.lan":\#(entry),"other.lan":{"auth":"dXNlcjpwYTpzcw=="}}}"#
        let error = try #require(throws: RegistryError.self) { try credential(text, "reg.lan") }
        #expect(error.code == .credentials)
        #expect(error.message.contains("config.json: the entry 'reg.lan' of 'auths'"), "\(error)")
        #expect(error.message.contains(problem), "\(error)")
        #expect(!error.message.contains("secret-word"))
        // What is wrong with one registry does not stop another.
        #expect(try credential(text, "other.lan") == Self.usual)
        #expect(try credential(text, "third.lan") == nil)
    }

    @Test(arguments: [
        ("reg.lan", "reg.lan", true), ("REG.lan", "reg.lan", true), ("https://reg.lan", "reg.lan", true),
        ("https://reg.lan/v1/", "reg.lan", true), ("http://reg.lan/v2/", "reg.lan", true),
        ("reg.lan/v1/", "reg.lan", true),
        ("https://reg.lan/some/page", "reg.lan", true), ("reg.lan:5000", "reg.lan", false),
        ("reg.lan", "reg.lan:5000", false),
        ("https://reg.lan:5000/v2", "reg.lan:5000", true), ("reg.lan:443", "reg.lan", false),
        ("sub.reg.lan", "reg.lan", false), ("reg.lan", "sub.reg.lan", false), ("[::1]:5000", "[::1]:5000", true),
        ("https://index.docker.io/v1/", "docker.io", true),
        ("https://index.docker.io/v1/", "registry-1.docker.io", true),
        ("docker.io", "index.docker.io", true), ("index.docker.io", "docker.io", true),
        ("https://index.docker.io/v1/access-token", "docker.io", false),
        ("reg.lan/a", "reg.lan", true), ("reg.lan/a/b", "reg.lan", true), ("reg.lan/a/", "reg.lan", true),
        ("reg.lan/a/b/c", "reg.lan", false), ("reg.lan/ab", "reg.lan", false), ("reg.lan/b", "reg.lan", false),
        ("reg.lan.evil.example", "reg.lan", false), ("evil.example/reg.lan", "reg.lan", false), ("", "reg.lan", false),
        ("https://user@reg.lan/", "reg.lan", false),
    ])
    func keys(key: String, host: String, fits: Bool) throws {
        let text = #"{"auths":{"\#(key)":{"auth":"dXNlcjpwYTpzcw=="}}}"#
        #expect(try credential(text, host) == (fits ? Self.usual : nil))
    }

    @Test func theMostParticularKeyCounts() throws {
        func entry(_ key: String) -> String { #""\#(key)":{"username":"\#(key)","password":"p"}"# }
        let keys = ["reg.lan", "reg.lan/a/b", "https://reg.lan/v1/", "reg.lan/a", "https://reg.lan/page"]
        func user(_ keys: [String], _ host: String, _ repository: String?) throws -> String? {
            let text = #"{"auths":{\#(keys.map(entry).joined(separator: ","))}}"#
            guard case .basic(let user, _)? = try credential(text, host, repository) else { return nil }
            return user
        }
        for keys in [keys, keys.reversed()] {
            #expect(try user(keys, "reg.lan", "a/b/c") == "reg.lan/a/b")
            #expect(try user(keys, "reg.lan", "a/c") == "reg.lan/a")
            #expect(try user(keys, "reg.lan", "c") == "reg.lan")
            #expect(try user(keys, "reg.lan", nil) == "reg.lan")
        }
        #expect(try user(["https://reg.lan/page", "https://reg.lan/v1/"], "reg.lan", "c") == "https://reg.lan/v1/")
        #expect(try user(["docker.io", CredentialKey.dockerHub], "docker.io", "c") == CredentialKey.dockerHub)
        // A key that says nothing leaves it to the next.
        let text = #"{"auths":{"reg.lan/a":{},"reg.lan":{"auth":"dXNlcjpwYTpzcw=="}}}"#
        #expect(try credential(text, "reg.lan", "a/b") == Self.usual)
    }

    @Test func theHelperOfARegistryIsFound() throws {
        let text = #"""
            {"credHelpers":{"docker.io":"hub","https://index.docker.io/v1/":"index","own.lan:5000":"own","none.lan":""},
             "credsStore":"store"}
            """#
        let configuration = try DockerConfiguration(decoding: Array(text.utf8), name: "f")
        func program(_ host: String) throws -> String? {
            try configuration.helper(for: RegistryHost(parsing: host), nil)?.program
        }
        #expect(try program("docker.io") == "docker-credential-index")
        #expect(try program("own.lan:5000") == "docker-credential-own")
        #expect(try program("own.lan") == "docker-credential-store")
        #expect(try program("none.lan") == nil)
        for name in ["../x", "a b", "x\\u0000y", "x\\n", String(repeating: "x", count: 65)] {
            let odd = try DockerConfiguration(decoding: Array(#"{"credsStore":"\#(name)"}"#.utf8), name: "f")
            let error = try #require(throws: RegistryError.self) { try odd.helper(for: .github, nil) }
            #expect(error.message.hasPrefix("f: 'credsStore' is '"), "\(error)")
        }
        let odd = try DockerConfiguration(decoding: Array(#"{"credHelpers":{"ghcr.io":5}}"#.utf8), name: "f")
        #expect(throws: RegistryError.self) { try odd.helper(for: .github, nil) }
        #expect(try odd.helper(for: .dockerHub, nil) == nil)
    }

    @Test(arguments: [
        ("{\n  \"auths\": {,}\n}", "f:2:13: "), ("{", "f:1:2: "), ("[]", "f: it is not a JSON object"),
        (#"{"auths":[]}"#, "f: 'auths' is not an object"),
        (#"{"credHelpers":"x"}"#, "f: 'credHelpers' is not an object"),
        ("{\"auths\":{\"a\":{},\n\"a\":{}}}", "f:2:4: "),
        (String(repeating: "[", count: 10_000), "f:1:34: "),
    ])
    func aBadFileIsNamedWithThePlace(text: String, start: String) throws {
        let error = try #require(throws: RegistryError.self) {
            _ = try DockerConfiguration(decoding: Array(text.utf8), name: "f")
        }
        #expect(error.code == .credentials)
        #expect(error.message.hasPrefix(start), "\(error)")
    }

    @Test func whatIsNearlyAKeyIsRemarked() throws {
        func remarks(_ text: String) throws -> [String] {
            try DockerConfiguration(decoding: Array(text.utf8), name: "f").remarks
        }
        #expect(try remarks(#"{"credSstore":"x"}"#) == ["f: 'credSstore' means nothing; is it 'credsStore'?"])
        #expect(try remarks(#"{"Auths":{}}"#) == ["f: 'Auths' means nothing; is it 'auths'?"])
        #expect(try remarks(#"{"auths":{"a b":{}}}"#) == ["f: the key 'a b' is not a registry's host"])
        let usual =
            #"{"auths":{"https://index.docker.io/v1/access-token":{}},"HttpHeaders":{},"aliases":{},"plugins":{}}"#
        #expect(try remarks(usual).isEmpty)
        #expect(try remarks(" \n").isEmpty)
    }

    @Test func noBytesTrap() {
        let sample = #"""
            {"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYTpzcw=="},"reg.lan/a":{"identitytoken":"x"}},
             "credHelpers":{"ghcr.io":"x"},"credsStore":"y"}
            """#
        exerciseDecoder(on: Array(sample.utf8)) { bytes in
            let configuration = try DockerConfiguration(decoding: Array(bytes), name: "f")
            for host in [RegistryHost.dockerHub, .github] {
                _ = try? configuration.entry(for: host, "a/b")
                _ = try? configuration.helper(for: host, "a/b")
            }
        }
    }
}

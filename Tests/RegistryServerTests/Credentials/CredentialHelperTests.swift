import FolderTesting
import Foundation
import Glibc
import Programs
import RegistryTesting
import Testing
import VectorTesting

@testable import Registries

@Suite struct CredentialHelperTests {
    private func ask(_ script: String, within limit: Duration = .seconds(300)) throws -> Credential? {
        let helper = try HelperScript(in: TemporaryFolder(), script)
        return try #require(CredentialHelper(name: "x", place: "a test")).ask(
            "ghcr.io", environment: helper.environment, within: limit
        ) { false }
    }

    @Test(
        arguments: [
            (
                #"echo '{"ServerURL":"ghcr.io","Username":"u","Secret":"s:1"}'"#,
                Credential.basic(user: "u", password: "s:1")
            ),
            (#"echo '{"Username":"<token>","Secret":"RT"}'"#, .identityToken("RT")),
            ("echo '{}'", nil), (#"echo '{"Username":"","Secret":""}'"#, nil),
            ("echo credentials not found in native keychain; exit 1", nil),
            // Warnings on standard error are none of the answer, and whoever runs on does not hold it up.
            (#"echo beware >&2; sleep 600 & echo '{"Username":"u","Secret":"s"}'"#, .basic(user: "u", password: "s")),
            (#"echo "{\"Username\":\"$MARK\",\"Secret\":\"s\"}""#, .basic(user: "kept", password: "s")),
        ] as [(String, Credential?)])
    func answers(script: String, expected: Credential?) throws {
        #expect(try ask(script) == expected)
    }

    @Test(arguments: [
        ("echo no credentials username; exit 1", "status 1, 'no credentials username'"),
        ("echo 'no credentials server URL'; exit 1", "status 1, 'no credentials server URL'"),
        ("printf '\\n error: gpg \\033[31mfailed\\nmore\\n'; exit 2", "status 2, 'error: gpg [31mfailed'"),
        ("echo cannot reach the cloud >&2; exit 3", "status 3, 'cannot reach the cloud'"),
        (#"echo '{"Username":"u","Secret":"secret-word"}'; exit 1"#, "failed: status 1"),
        ("kill -KILL $$", "failed: signal 9"), ("exit 1", "failed: status 1"),
        ("echo secret-word", "did not write a JSON object"), ("echo '\"secret-word\"'", "did not write a JSON object"),
        ("exit 0", "did not write a JSON object"), ("echo '{\"Username\":1}'", "'Username' that is not a text"),
        (#"echo '{"Secret":"secret-word"}'"#, "without a user"), (#"echo '{"Username":"u"}'"#, "without a secret"),
        (#"printf '%s' '{"Username":"u","Secret":"secret-word\n"}'"#, "control character"),
        ("yes secret-word", "wrote more than 65536 bytes"),
    ])
    func failures(script: String, problem: String) throws {
        let error = try #require(throws: RegistryError.self) { try ask(script) }
        #expect(error.code == .credentials)
        #expect(error.message.hasPrefix("the credential helper docker-credential-x, named by a test, "), "\(error)")
        #expect(error.message.contains(problem), "\(error)")
        #expect(!error.message.contains("secret-word"), "\(error)")
        #expect(error.message.utf8.count < 500)
    }

    @Test func aHelperThatHangsIsEndedWithAllThatItStarted() throws {
        let script = try HelperScript(in: TemporaryFolder(), "sleep 600 & echo $! >child; wait")
        let error = try #require(throws: RegistryError.self) {
            try #require(CredentialHelper(name: "x", place: "a test")).ask(
                "ghcr.io", environment: script.environment, within: .seconds(1)
            ) { false }
        }
        #expect(error.message.contains("had not answered after 1 seconds"))
        let text = String(
            decoding: try #require(FileManager.default.contents(atPath: "\(script.folder.path)/child")), as: UTF8.self)
        let child = try #require(pid_t(text.dropLast()))
        var state: Substring?
        for _ in 0..<9000 {
            let status = FileManager.default.contents(atPath: "/proc/\(child)/stat")
            state = status.map { String(decoding: $0, as: UTF8.self) }?.split(separator: " ").dropFirst(2).first
            if state == nil || state == "Z" { break }
            usleep(20_000)
        }
        #expect(state == nil || state == "Z")
    }

    @Test func aMissingHelperIsNamed() throws {
        let error = try #require(throws: RegistryError.self) {
            try #require(CredentialHelper(name: "nowhere", place: "a test")).ask(
                "ghcr.io", environment: CredentialEnvironment(["PATH": "/bin:."])
            ) { false }
        }
        #expect(error.message.contains("docker-credential-nowhere, named by a test, is not installed"))
    }

    static let cases = Result { try VectorFile.registries.lines(RegistryCase.self).filter { $0.kind == "helper" } }

    /// What was seen of helpers in the field, through a file that names them.
    @Test(arguments: try Self.cases.get())
    func field(seen: RegistryCase) async throws {
        let step = try #require(seen.steps.first)
        let argv = try #require(step.request.argv)
        let server = try #require(step.request.stdin)
        let name = try #require(argv.first?.split(separator: "-", maxSplits: 2).last.map(String.init))
        let folder = try TemporaryFolder()
        try folder.write("answer", step.response.stdout ?? "")
        let end = seen.hang == true ? "sleep 600" : "cat answer; exit \(step.response.exit ?? 0)"
        let script = try HelperScript(name, in: folder, end)
        try folder.write("config.json", #"{"credsStore":"\#(name)"}"#)
        let source = DockerCredentials(
            environment: script.environment, helperLimit: seen.hang == true ? .seconds(1) : .seconds(300))
        let host = try RegistryHost(parsing: server == CredentialKey.dockerHub ? "docker.io" : server)
        let result: Result<Credential?, any Error>
        do { result = .success(try await source.credential(for: host, repository: "a/b")) } catch {
            result = .failure(error)
        }
        #expect(script.calls == [argv.joined(separator: " ")])
        #expect(script.input == server)

        let said = (step.response.stdout ?? "").trimmed
        if seen.hang != true, step.response.exit == 0, let answer = Self.fields(said) {
            switch (answer["Username"] ?? "", answer["Secret"] ?? "") {
            case ("", ""): #expect(try result.get() == nil)
            case ("<token>", let secret): #expect(try result.get() == .identityToken(secret))
            case (let user, let secret): #expect(try result.get() == .basic(user: user, password: secret))
            }
        } else if seen.hang != true, said == "credentials not found in native keychain" {
            #expect(try result.get() == nil)
        } else {
            let error = try #require(throws: RegistryError.self) { _ = try result.get() }
            #expect(error.message.contains(argv[0]), "\(error)")
            if seen.hang != true, !said.isEmpty { #expect(error.message.contains(said), "\(error)") }
        }
    }

    private static func fields(_ text: String) -> [String: String]? {
        try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }
}

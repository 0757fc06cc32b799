import FolderTesting
import Foundation
import Glibc
import Testing

@testable import Registries

@Suite struct CredentialSourceTests {
    private static let answer = #"echo '{"Username":"helper","Secret":"s"}'"#

    private func user(_ source: some PlacedCredentialSource, _ host: RegistryHost = .github) async throws -> String? {
        guard case .basic(let user, _)? = try await source.credential(for: host, repository: "a/b") else { return nil }
        return user
    }

    @Test func theOrderOfSources() async throws {
        let folder = try TemporaryFolder()
        let script = try HelperScript(in: folder, Self.answer)
        var environment = script.environment
        environment.variables["GITHUB_TOKEN"] = " token\n"
        environment.variables["GITHUB_ACTOR"] = "actor"
        environment.variables["XDG_RUNTIME_DIR"] = "\(folder.path)/run"
        environment.variables["XDG_CONFIG_HOME"] = "\(folder.path)/configuration"
        func asked(_ passwordFiles: [RegistryHost: PasswordFile] = [:]) async throws -> PlacedCredential? {
            try await CredentialChain.standard(passwordFiles: passwordFiles, environment: environment)
                .find(for: .github, repository: "a/b")
        }
        func entry(_ user: String) -> String { #"{"auths":{"ghcr.io":{"username":"\#(user)","password":"p"}}}"# }
        // From the weakest to the strongest.
        #expect(try await asked()?.credential == .basic(user: "actor", password: "token"))
        #expect(try await asked()?.place == "the environment variable GITHUB_TOKEN")
        try folder.write("configuration/containers/auth.json", entry("podman"))
        #expect(try await asked()?.place == "the entry 'ghcr.io' of \(folder.path)/configuration/containers/auth.json")
        try folder.write("run/containers/auth.json", entry("runtime"))
        #expect(try await asked()?.credential == .basic(user: "runtime", password: "p"))
        try folder.write("config.json", entry("docker"))
        #expect(try await asked()?.credential == .basic(user: "docker", password: "p"))
        try folder.write("config.json", entry("docker").replacing("}}}", with: #"}},"credsStore":"x"}"#))
        #expect(try await asked()?.credential == .basic(user: "helper", password: "s"))
        #expect(
            try await asked()?.place
                == "the credential helper docker-credential-x, named by 'credsStore' of \(folder.path)/config.json")
        environment.variables["REGISTRY_AUTH_FILE"] = try folder.write("named.json", entry("named"))
        #expect(try await asked()?.credential == .basic(user: "named", password: "p"))
        environment.variables["DOCKER_AUTH_CONFIG"] = entry("variable")
        #expect(try await asked()?.credential == .basic(user: "variable", password: "p"))
        let password = try folder.write("password", "pass word\r\n")
        let files = [RegistryHost.github: PasswordFile(user: "robot", path: password)]
        #expect(try await asked(files)?.credential == .basic(user: "robot", password: "pass word"))
        #expect(try await asked(files)?.place.contains("\(folder.path)/password") == true)
    }

    @Test func theTokenIsForItsRegistryAlone() async throws {
        let source = CredentialChain.standard(
            environment: CredentialEnvironment(["GITHUB_TOKEN": "t", "HOME": "/nowhere"]))
        #expect(try await user(source) == "github")
        for host in ["docker.io", "ghcr.io.example.net", "ghcr.io:443", "sub.ghcr.io", "github.com"] {
            #expect(try await source.credential(for: RegistryHost(parsing: host), repository: nil) == nil)
            #expect(try await source.place(for: RegistryHost(parsing: host), repository: nil) == nil)
        }
        for token in ["", " ", "a\nb"] {
            let odd = CredentialChain.standard(environment: CredentialEnvironment(["GITHUB_TOKEN": token]))
            #expect(try await odd.credential(for: .github, repository: nil) == nil)
        }
    }

    @Test func aHelperThatKnowsNothingLeavesItToTheFile() async throws {
        let folder = try TemporaryFolder()
        let script = try HelperScript(in: folder, "echo credentials not found in native keychain; exit 1")
        try folder.write(
            "config.json", #"{"auths":{"ghcr.io":{"username":"static","password":"p"}},"credHelpers":{"ghcr.io":"x"}}"#)
        let source = DockerCredentials(environment: script.environment)
        #expect(try await user(source) == "static")
        #expect(script.input == "ghcr.io")
        // Nobody else's helper is run.
        #expect(try await source.credential(for: .dockerHub, repository: nil) == nil)
        #expect(script.calls.count == 1)
    }

    @Test func whoeverAsksAtOnceSharesOneRun() async throws {
        let folder = try TemporaryFolder()
        let script = try HelperScript(in: folder, "sleep 0.3; \(Self.answer)")
        try folder.write("config.json", #"{"credsStore":"x"}"#)
        let source = DockerCredentials(environment: script.environment)
        let users = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { try await user(source) } }
            return try await group.reduce(into: [String?]()) { $0.append($1) }
        }
        #expect(users == [String?](repeating: "helper", count: 20))
        // Later ones get what was said.
        #expect(try await user(source) == "helper")
        #expect(script.calls.count == 1)
        #expect(try await user(source, .dockerHub) == "helper")
        #expect(script.calls.count == 2)
    }

    @Test func aFailureIsNotRunAgainForEachRequest() async throws {
        let folder = try TemporaryFolder()
        let script = try HelperScript(in: folder, "echo locked; exit 1")
        try folder.write("config.json", #"{"credsStore":"x"}"#)
        let source = DockerCredentials(environment: script.environment)
        for _ in 0..<3 {
            let error = try await #require(throws: RegistryError.self) { _ = try await user(source) }
            #expect(error.message.contains("'locked'"))
        }
        #expect(script.calls.count == 1)
    }

    @Test func aHelperEndsWhenNobodyWantsItAnyMore() async throws {
        let folder = try TemporaryFolder()
        let script = try HelperScript(in: folder, "echo $$ >running; exec sleep 600")
        try folder.write("config.json", #"{"credsStore":"x"}"#)
        let source = DockerCredentials(environment: script.environment)
        let asking = Task { try await source.credential(for: .github, repository: nil) }
        let running = "\(folder.path)/running"
        var id: pid_t?
        while id == nil {
            try await Task.sleep(for: .milliseconds(20))
            let text = FileManager.default.contents(atPath: running).map {
                String(decoding: $0.dropLast(), as: UTF8.self)
            }
            id = text.flatMap { pid_t($0) }
        }
        asking.cancel()
        await #expect(throws: CancellationError.self) { _ = try await asking.value }
        let process = try #require(id)
        while kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
    }

    @Test func aFileThatCannotBeReadIsAnError() async throws {
        let folder = try TemporaryFolder()
        var environment = CredentialEnvironment(["DOCKER_CONFIG": folder.path])
        // A folder in the file's place, and then a pipe that nobody writes to.
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/config.json", withIntermediateDirectories: false)
        func message() async throws -> String {
            let source = DockerCredentials(environment: environment)
            return try await #require(throws: RegistryError.self) {
                _ = try await source.credential(for: .github, repository: nil)
            }.message
        }
        #expect(try await message().contains("\(folder.path)/config.json, where registries' credentials are, is not a"))
        try folder.remove("config.json")
        #expect(mkfifo("\(folder.path)/config.json", 0o600) == 0)
        #expect(try await message().contains("is not a regular file"))
        try folder.remove("config.json")
        try folder.write("config.json", String(repeating: " ", count: DockerConfiguration.lengthLimit + 1))
        #expect(try await message().contains("is longer than \(DockerConfiguration.lengthLimit) bytes"))
        try folder.write("config.json", "{\"auths\":\n}")
        #expect(try await message().contains("\(folder.path)/config.json:2:1: "))
        let remarks = await DockerCredentials(environment: environment).remarks()
        #expect(remarks.count == 1 && remarks[0].contains("config.json:2:1"))
        // What is stronger is had all the same.
        environment.variables["DOCKER_AUTH_CONFIG"] = #"{"auths":{"ghcr.io":{"username":"u","password":"p"}}}"#
        #expect(try await user(DockerCredentials(environment: environment)) == "u")
        try folder.remove("config.json")
        #expect(try await user(DockerCredentials(environment: environment)) == "u")
        environment.variables["DOCKER_AUTH_CONFIG"] = "{"
        #expect(try await message().contains("the variable DOCKER_AUTH_CONFIG:1:2"))
    }

    @Test(
        arguments: [
            (nil, "is not there"), ("", "is empty"), ("\n", "is empty"), ("a\nb\n", "is no single line"),
            ("\u{0}", "is no single line"),
        ] as [(String?, String)])
    func passwordFilesThatHaveNone(content: String?, problem: String) async throws {
        let folder = try TemporaryFolder()
        if let content { try folder.write("password", content) }
        let file = PasswordFile(user: "robot", path: "\(folder.path)/password")
        let source = CredentialChain.standard(
            passwordFiles: [.github: file], environment: CredentialEnvironment(["GITHUB_TOKEN": "t"]))
        let error = try await #require(throws: RegistryError.self) {
            _ = try await source.credential(for: .github, repository: nil)
        }
        #expect(error.code == .credentials)
        #expect(error.message.hasPrefix("the password file \(folder.path)/password \(problem)"), "\(error)")
        #expect(try await source.credential(for: .dockerHub, repository: nil) == nil)
    }

    @Test func whereFilesAre() {
        func files(_ variables: [String: String]) -> [String] { CredentialEnvironment(variables).files }
        #expect(files([:]).isEmpty)
        #expect(files(["HOME": "/h"]) == ["/h/.docker/config.json", "/h/.config/containers/auth.json"])
        #expect(
            files(["HOME": "/h", "DOCKER_CONFIG": "/d", "XDG_RUNTIME_DIR": "/r", "XDG_CONFIG_HOME": "/c"])
                == ["/d/config.json", "/r/containers/auth.json", "/c/containers/auth.json"])
        #expect(files(["HOME": "/h", "REGISTRY_AUTH_FILE": "/f"]) == ["/f", "/h/.docker/config.json"])
        #expect(CredentialEnvironment.ofThisProcess.variables["HOME"]?.isEmpty == false)
    }
}

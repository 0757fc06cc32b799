import FolderTesting
import Foundation
import Glibc
import ProgramTesting
import ServerTesting
import Synchronization

/// Debian's docker-registry, on a port of the loopback.
public final class RealRegistry: Sendable {
    /// Who may read.
    public enum Access: Sendable {
        /// Everybody.
        case open
        /// A user with a password.
        case password(user: String, password: String)
        /// Whoever brings a token of this server.
        case tokens(TestTokenServer)
    }

    /// Host and port.
    public let host: String
    /// Its port.
    public let port: Int
    /// Its folder.
    public let storage: RegistryStorage
    private let folder: TemporaryFolder
    private let process: ChildProcess
    private let isRunning = Mutex(true)

    /// Starts a registry and waits until it answers.
    ///
    /// - Parameters:
    ///   - certificates: What it shows; it speaks plain http without.
    public init(
        _ access: Access = .open, certificates: TestCertificates? = nil, storage: RegistryStorage? = nil
    ) throws {
        guard let port = unusedPort() else { throw CaseFailure("no port is free") }
        self.port = port
        host = "127.0.0.1:\(port)"
        let storage = try storage ?? RegistryStorage()
        self.storage = storage
        folder = try TemporaryFolder()
        var configuration = """
            version: 0.1
            log: {level: warn}
            storage:
              filesystem: {rootdirectory: \(storage.path)}
              delete: {enabled: true}
            http:
              addr: \(host)
              secret: a test's own

            """
        if let certificates {
            configuration += "  tls: {certificate: \(certificates.certificate), key: \(certificates.key)}\n"
        }
        switch access {
        case .open: break
        case .password(let user, let password):
            let line = try folder.run("htpasswd", ["-bnB", "-C", "4", user, password])
            let path = try folder.write("passwords", line)
            configuration += "auth:\n  htpasswd: {realm: slipway-test, path: \(path)}\n"
        case .tokens(let server):
            configuration += """
                auth:
                  token:
                    realm: \(server.url)
                    service: \(TestTokenServer.service)
                    issuer: \(TestTokenServer.issuer)
                    rootcertbundle: \(server.certificate)

                """
        }
        let file = try folder.write("config.yml", configuration)
        let log = open("\(folder.path)/log", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        defer { close(log) }
        process = try ChildProcess(
            ["/usr/bin/docker-registry", "serve", file], environment: ["PATH": "/usr/bin:/bin"], directory: folder.path,
            output: log, errors: log)
        guard holds({ (try? HTTPConnection(port: port)) != nil }) else {
            let said = FileManager.default.contents(atPath: "\(folder.path)/log") ?? Data()
            throw CaseFailure("docker-registry does not answer: \(String(decoding: said.suffix(2000), as: UTF8.self))")
        }
    }

    deinit { stop() }

    /// Ends it at once.
    public func stop() {
        let wasRunning = isRunning.withLock { running in
            defer { running = false }
            return running
        }
        guard wasRunning else { return }
        kill(process.id, SIGKILL)
        _ = process.wait()
    }
}

import FolderTesting
import NIOSSL

/// A certificate authority of a test's own, and a server's certificate of it for the loopback.
public final class TestCertificates: Sendable {
    private let folder: TemporaryFolder

    /// Makes them.
    public init() throws {
        folder = try TemporaryFolder()
        try folder.write("extensions", "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
        try folder.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
                "-subj", "/CN=Slipway test authority", "-addext", "basicConstraints=critical,CA:TRUE",
            ])
        try folder.run(
            "openssl",
            [
                "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj",
                "/CN=127.0.0.1",
            ])
        try folder.run(
            "openssl",
            [
                "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "2",
                "-extfile", "extensions", "-out", "server.pem",
            ])
    }

    /// The authority's certificate.
    public var authority: String { "\(folder.path)/ca.pem" }
    /// The server's certificate.
    public var certificate: String { "\(folder.path)/server.pem" }
    /// The server's key.
    public var key: String { "\(folder.path)/server.key" }

    /// How a server shows itself.
    func serverConfiguration() throws -> TLSConfiguration {
        try .makeServerConfiguration(
            certificateChain: NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(NIOSSLPrivateKey(file: key, format: .pem)))
    }
}

import NIOSSL

/// Certificates that are trusted beside the system's.
enum CertificateFiles {
    /// The longest file in bytes. Debian's own, of all authorities, has two hundred thousand.
    private static let lengthLimit = 4 << 20

    /// - Throws: `RegistryError`, which names the file.
    static func configuration(_ paths: [String]) throws(RegistryError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        for path in paths {
            let certificates: [NIOSSLCertificate]
            guard
                let bytes = try CredentialFile.read(
                    path, limit: lengthLimit, as: "where a registry's certificates are")
            else {
                throw RegistryError(
                    .credentials,
                    "\(path) is not there; it has to be a file of certificates in PEM that a registry is known by")
            }
            do { certificates = try NIOSSLCertificate.fromPEMBytes(bytes) } catch {
                throw RegistryError(
                    .credentials, "\(path) has no certificates in PEM in it: \(PlainText.shown("\(error)"))",
                    cause: error)
            }
            guard !certificates.isEmpty else {
                throw RegistryError(
                    .credentials, "\(path) has no certificate in it; it has to be a file of certificates in PEM")
            }
            configuration.additionalTrustRoots.append(.certificates(certificates))
        }
        return configuration
    }
}

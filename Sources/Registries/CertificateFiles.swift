import NIOSSL

/// Certificates that are trusted beside the system's.
enum CertificateFiles {
    /// - Throws: `RegistryError`, which names the file.
    static func configuration(_ paths: [String]) throws(RegistryError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        for path in paths {
            let certificates: [NIOSSLCertificate]
            do { certificates = try NIOSSLCertificate.fromPEMFile(path) } catch {
                throw RegistryError(
                    .credentials,
                    "\(path) cannot be read as a file of certificates in PEM: \(PlainText.shown("\(error)"))",
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

import Logging
import NetworkTypes
import Registries
import Releases
import Settings

extension ApplianceSettings {
    /// Where releases come from.
    ///
    /// - Throws: `RegistryError`, where that cannot be a registry.
    public var releaseOrigin: ReleaseOrigin {
        get throws(RegistryError) {
            ReleaseOrigin(
                registry: try RegistryHost(parsing: releaseRegistry.description), namespace: releaseNamespace ?? "")
        }
    }

    /// A client of registries: with the mirrors, certificates and credentials that are set, and the credentials that are found
    /// otherwise.
    ///
    /// - Parameter environment: The variables that say where credentials are.
    /// - Throws: `RegistryError`, where a file of certificates cannot be read.
    public func registryClient(
        environment: CredentialEnvironment, logger: Logger
    ) throws(RegistryError) -> RegistryClient {
        var hosts: [RegistryHost: RegistrySettings] = [:]
        var passwordFiles: [RegistryHost: PasswordFile] = [:]
        for access in registries {
            let host = try RegistryHost(parsing: access.registry.description)
            hosts[host, default: RegistrySettings()].isInsecure = access.isInsecure
            if let path = access.certificateAuthority {
                hosts[host, default: RegistrySettings()].certificateAuthorities = [path]
            }
            if let user = access.username, let password = access.password {
                hosts[host, default: RegistrySettings()].credential = .basic(user: user, password: password)
            } else if let user = access.username, let path = access.passwordFile {
                passwordFiles[host] = PasswordFile(user: user, path: path)
            }
            if let mirrored = access.mirrorOf {
                let origin = try RegistryHost(parsing: mirrored.description)
                hosts[origin, default: RegistrySettings()].mirrors.append(.init(host: host))
            }
        }
        return try RegistryClient(
            settings: hosts,
            credentials: CredentialChain.standard(passwordFiles: passwordFiles, environment: environment),
            logger: logger)
    }
}

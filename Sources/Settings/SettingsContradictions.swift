import NetworkTypes

extension ApplianceSettings {
    /// Settings that are sound by themselves and make no sense together: a sentence each, with the place of one of them.
    var contradictions: [String] { registryContradictions + publishingContradictions }

    /// A folder that nobody serves, and a URL behind which nothing is put.
    private var publishingContradictions: [String] {
        switch (publishedAssetsFolder, publishedAssetsURL) {
        case (let folder?, nil):
            [
                "\($publishedAssetsFolder.title) \(folder): nobody is told where another web server has it; set "
                    + "\($publishedAssetsURL.declaration.key) too"
            ]
        case (nil, let url?):
            [
                "\($publishedAssetsURL.title) \(url): there is no folder whose content it has; set "
                    + "\($publishedAssetsFolder.declaration.key) too"
            ]
        default: []
        }
    }

    private var registryContradictions: [String] {
        registries.flatMap { access -> [String] in
            let name = access.registry.description
            let hasPassword = access.passwordFile != nil || access.password != nil
            var problems: [String] = []
            if access.username != nil, !hasPassword {
                problems.append(
                    "\($registryUsers.title(of: name)): there is no password for this user; name a file that has it with "
                        + "'password-file', or set \($registryPasswords.declaration.variable)=\(name)=…")
            }
            if access.username == nil, access.password != nil, !isNamedElsewhere(access) {
                // What stands for the name may be a piece of the password.
                problems.append(
                    "\($registryPasswords.declaration.variable): there is no user for a password in it; write it as REGISTRY=PASSWORD, "
                        + "and set the registry's 'username' too")
            } else if access.username == nil, hasPassword {
                let title =
                    access.password != nil
                    ? $registryPasswords.title(of: name) : $registryPasswordFiles.title(of: name)
                problems.append("\(title): there is no user for this password; add 'username' to \(name)")
            }
            if access.mirrorOf == access.registry {
                problems.append(
                    "\($mirroredRegistries.title(of: name)): a registry is no mirror of itself; name the one whose images it has"
                )
            }
            return problems
        }
    }
}

extension ApplianceSettings {
    /// Whether something other than its password is set for a registry.
    private func isNamedElsewhere(_ access: RegistryAccess) -> Bool {
        access.mirrorOf != nil || access.certificateAuthority != nil || access.isInsecure != nil
            || access.passwordFile != nil
    }
}

extension Setting {
    /// The name of a setting of things that have names, with the place where that of one of them was set.
    fileprivate func title(of name: String) -> String {
        let key = declaration.key.replacing("*", with: name)
        let origin = origin(of: name)
        return if case .file = origin { "\(origin): \(key)" } else { "\(origin): \(name)" }
    }
}

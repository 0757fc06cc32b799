import NetworkTypes

extension SettingForm where Value == Authority {
    /// A registry, by the host and port in its images' names.
    static let registry: SettingForm = {
        var form = SettingForm("registry", rule: "a registry's host, perhaps with a port") {
            text throws(SettingFault) in
            try SettingNames<Authority>.registries.read(text)
        } write: {
            $0.description
        }
        form.example = "ghcr.io"
        return form
    }()
}

extension SettingNames where Name == Authority {
    /// Registries, by the host and port in their images' names, in lower case.
    static let registries = SettingNames("registry", example: "harbor.lan") { text throws(SettingFault) in
        let name = text.lowercased()
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else {
            throw SettingFault("it is no registry's host; write host and port alone, as in harbor.lan:5000")
        }
        let registry: Authority
        do throws(AddressError) { registry = try Authority(parsing: name) } catch { throw SettingFault("\(error)") }
        if let obstacle = registry.host.obstacle { throw SettingFault(obstacle) }
        return registry
    } write: {
        $0.description
    }
}

extension SettingForm where Value == String {
    /// What stands before the last part of a repository's name (OCI distribution-spec, "Pulling manifests").
    static let namespace = SettingForm("namespace", rule: "the beginning of repositories' names, as in siderolabs") {
        text throws(SettingFault) in
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            guard let first = part.first, let last = part.last, isWord(first), isWord(last) else { return false }
            return part.allSatisfy { isWord($0) || "._-".utf8.contains($0) }
        }
        guard isName, text.utf8.count <= 200 else {
            throw SettingFault(
                "write parts of a-z, 0-9, '.', '_' and '-' with slashes between them, as in mirror/siderolabs")
        }
        return text
    } write: {
        $0
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// The name of a user. A colon would end it (RFC 7617 section 2).
    static let user: SettingForm = {
        var form = SettingForm("name", rule: "a name") { text throws(SettingFault) in
            guard (1...256).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw SettingFault("write the name of a user")
            }
            guard !text.utf8.contains(UInt8(ascii: ":")) else {
                throw SettingFault("no user of a registry has a ':' in his name; remove it")
            }
            return text
        } write: {
            $0
        }
        form.example = "robot"
        return form
    }()

    /// A password.
    static let password: SettingForm = {
        var form = SettingForm("password", rule: "a password") { text throws(SettingFault) in
            guard (1...4096).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw SettingFault("write a password: a line of text")
            }
            return text
        } write: {
            $0
        }
        form.isSecret = true
        form.example = "…"
        return form
    }()
}

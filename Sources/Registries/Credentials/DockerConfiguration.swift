import OCIModel

/// Docker's config.json, or what podman and skopeo write in its form, as far as it is about credentials.
struct DockerConfiguration: Sendable {
    /// The longest file in bytes.
    static let lengthLimit = 1 << 20

    /// What it is called in messages.
    let name: String
    private var entries: [(key: String, value: JSONValue)] = []
    private var helpers: [(key: String, value: JSONValue)] = []
    private var store: JSONValue?
    /// What is odd about it and does not matter enough to refuse it.
    private(set) var remarks: [String] = []

    /// Reads a configuration.
    ///
    /// - Parameter name: The file's path, for messages.
    /// - Throws: ``RegistryError``, which names the place. Faults in what is said of one registry are found when that one is asked.
    init(decoding bytes: [UInt8], name: String) throws(RegistryError) {
        self.name = name
        // Docker takes an empty file for one without anything.
        if bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0d).contains($0) }) { return }
        let value: JSONValue
        do {
            value = try JSONValue(decoding: bytes[...], limits: JSONLimits(maximumBytes: Self.lengthLimit))
        } catch {
            throw RegistryError(
                .credentials,
                "\(name):\(Self.place(error.position, in: bytes)): \(error.reason); mend the file, or remove it to ask registries "
                    + "without credentials", cause: error)
        }
        guard case .object(let members) = value else { throw fault("it is not a JSON object") }
        entries = try map("auths", of: value)
        helpers = try map("credHelpers", of: value)
        store = value["credsStore"]
        remarks = members.compactMap { member in
            Self.keys.first { $0 != member.name && Self.isNear(member.name, $0) }.map {
                "\(name): '\(member.name)' means nothing; is it '\($0)'?"
            }
        }
        for (key, _) in entries + helpers where CredentialKey(key) == nil && !key.lowercased().contains("docker.io/") {
            remarks.append("\(name): the key '\(key.prefix(256))' is not a registry's host")
        }
    }

    /// What the file says of a registry itself, with its key; nil where it has nothing.
    func entry(for host: RegistryHost, _ repository: String?) throws(RegistryError) -> PlacedCredential? {
        for (key, value) in CredentialKey.matching(host, repository, in: entries) {
            do {
                guard let credential = try CredentialEntry(value).credential() else { continue }
                return PlacedCredential(credential, place: "the entry '\(key.prefix(256))' of \(name)")
            } catch {
                throw fault("the entry '\(key.prefix(256))' of 'auths' \(error.problem)")
            }
        }
        return nil
    }

    /// The program that keeps the registry's credential; nil where none is named.
    func helper(for host: RegistryHost, _ repository: String?) throws(RegistryError) -> CredentialHelper? {
        let (place, value): (String, JSONValue?) =
            if let own = CredentialKey.matching(host, repository, in: helpers).first {
                // An empty name is docker's way to leave one registry out of the store.
                ("'\(own.key.prefix(256))' of 'credHelpers'", own.value)
            } else { ("'credsStore'", store) }
        switch value {
        case nil, .null?, .string("")?: return nil
        case .string(let text)?:
            guard let helper = CredentialHelper(name: text, place: "\(place) of \(name)") else {
                throw fault("\(place) is '\(text.prefix(64))', which cannot be the name of a credential helper")
            }
            return helper
        case _?: throw fault("\(place) is not a text")
        }
    }

    private func map(_ key: String, of value: JSONValue) throws(RegistryError) -> [(key: String, value: JSONValue)] {
        switch value[key] {
        case nil, .null?: return []
        case .object(let members)?: return members.map { ($0.name, $0.value) }
        case _?: throw fault("'\(key)' is not an object")
        }
    }

    private func fault(_ problem: String) -> RegistryError { RegistryError(.credentials, "\(name): \(problem)") }

    /// Line and column of a byte, as editors count them.
    private static func place(_ position: Int, in bytes: [UInt8]) -> String {
        let before = bytes.prefix(position)
        let column = before.count - (before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0) + 1
        return "\(before.count { $0 == 0x0a } + 1):\(column)"
    }

    private static let keys = ["auths", "credHelpers", "credsStore"]

    /// Whether two names differ by no more than their case and two letters.
    private static func isNear(_ name: String, _ other: String) -> Bool {
        let (left, right) = (Array(name.lowercased().utf8), Array(other.lowercased().utf8))
        guard abs(left.count - right.count) <= 2 else { return false }
        var row = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var next = [i + 1]
            for (j, otherByte) in right.enumerated() {
                next.append(min(row[j + 1] + 1, next[j] + 1, row[j] + (byte == otherByte ? 0 : 1)))
            }
            row = next
        }
        return row[right.count] <= 2
    }
}

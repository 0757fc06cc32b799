import Foundation

/// Where this machine gets Debian's packages from, so that those of another release come from the same place.
struct AptSources {
    /// The archive of this machine's own release.
    let address: String
    /// The keys that sign it.
    static let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

    /// Reads the system's configuration, in either of apt's formats (sources.list(5)).
    static func system(root: String = "/etc/apt") throws(TestSupportError) -> AptSources {
        let files = FileManager.default
        let parts = ((try? files.contentsOfDirectory(atPath: "\(root)/sources.list.d")) ?? []).sorted()
        for name in ["sources.list"] + parts.map({ "sources.list.d/\($0)" }) {
            guard let text = try? String(contentsOfFile: "\(root)/\(name)", encoding: .utf8) else { continue }
            let found =
                name.hasSuffix(".sources")
                ? address(inStanzas: text) : name.hasSuffix(".list") ? address(inLines: text) : nil
            if let found { return AptSources(address: found) }
        }
        throw TestSupportError("\(root) names no archive of Debian's own, so its other releases cannot be found")
    }

    /// A source of another release in the same archive, as a stanza.
    func sources(of suite: String) -> String {
        """
        Types: deb
        URIs: \(address)
        Suites: \(suite)
        Components: main
        Signed-By: \(Self.keyring)

        """
    }

    private static func address(inStanzas text: String) -> String? {
        for stanza in text.components(separatedBy: "\n\n") {
            var fields: [String: String] = [:]
            for line in stanza.split(separator: "\n") {
                guard let colon = line.firstIndex(of: ":"), !line.hasPrefix("#") else { continue }
                fields[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            }
            guard let address = fields["URIs"], let suites = fields["Suites"],
                fields["Signed-By"] == keyring || address.contains("debian")
            else { continue }
            // Security updates come from an archive of their own.
            if isOwn(suites.split(separator: " ").map(String.init)) {
                return address.split(separator: " ").first.map(String.init)
            }
        }
        return nil
    }

    private static func address(inLines text: String) -> String? {
        for line in text.split(separator: "\n") {
            var words = line.split(separator: " ").map(String.init)
            guard words.first == "deb" else { continue }
            words.removeFirst()
            if words.first?.hasPrefix("[") == true {
                guard let end = words.firstIndex(where: { $0.hasSuffix("]") }) else { continue }
                words.removeSubrange(...end)
            }
            if words.count >= 2, words[0].contains("debian"), isOwn([words[1]]) { return words[0] }
        }
        return nil
    }

    private static func isOwn(_ suites: [String]) -> Bool {
        suites.contains { !$0.contains("-") && !$0.contains("/") }
    }
}

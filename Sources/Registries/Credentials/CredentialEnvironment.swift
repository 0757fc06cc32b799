import Foundation

/// The environment variables that say where credentials are.
public struct CredentialEnvironment: Sendable {
    /// All variables, which programs that keep credentials get as well.
    public var variables: [String: String]

    /// An environment.
    public init(_ variables: [String: String]) { self.variables = variables }

    /// This process' own, with the home folder of its user where HOME is not set, as services mostly have it.
    public static var ofThisProcess: CredentialEnvironment {
        var variables = ProcessInfo.processInfo.environment
        if variables["HOME"] == nil { variables["HOME"] = NSHomeDirectory() }
        return CredentialEnvironment(variables)
    }

    /// A variable that is set to something.
    func value(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The files that may have credentials, in the order in which they are asked: docker's own, and then those that podman and
    /// skopeo write. Where one of them is named outright, it stands for all of its kind.
    var files: [String] {
        var files: [String] = []
        if let named = value("REGISTRY_AUTH_FILE") { files.append(named) }
        if let folder = value("DOCKER_CONFIG") {
            files.append("\(folder)/config.json")
        } else if let home = value("HOME") {
            files.append("\(home)/.docker/config.json")
        }
        guard value("REGISTRY_AUTH_FILE") == nil else { return files }
        if let folder = value("XDG_RUNTIME_DIR") { files.append("\(folder)/containers/auth.json") }
        if let folder = value("XDG_CONFIG_HOME") ?? value("HOME").map({ "\($0)/.config" }) {
            files.append("\(folder)/containers/auth.json")
        }
        return files
    }

    /// Where programs are. A relative folder depends on where the daemon was started, and is left out.
    var programFolders: [String] {
        (value("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(String.init)
            .filter { $0.utf8.first == UInt8(ascii: "/") }
    }
}

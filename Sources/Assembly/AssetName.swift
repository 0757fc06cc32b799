import ConfigurationYAML
import TalosModel

extension Appliance {
    /// The asset that somebody calls by the last part of its path.
    ///
    /// - Throws: ``ApplianceError``, with the names that there are and the one that is nearest.
    public static func asset(named text: String) throws(ApplianceError) -> AssetPath {
        let platforms = Platform.offered.map(\.name)
        let path: AssetPath
        do { path = try AssetPath(parsing: text) } catch {
            let architectures = Architecture.allCases.map(\.rawValue)
            let reason =
                switch error {
                case .invalidPath: "there is no asset '\(text)'"
                case .invalidPlatformArchitecture(let part):
                    "'\(text)': '\(part)' is not a platform and an architecture, as in metal-amd64"
                case .invalidArchitecture(let part):
                    "'\(text)': '\(part)' is no architecture; it is one of \(architectures.joined(separator: ", "))"
                }
            throw ApplianceError(reason + suggestion(for: text, among: platforms, architectures) + "; " + rule)
        }
        if (path.checksummed?.asset ?? path).kind == .commandLine, !Platform.isKnown(path.platform) {
            let nearest = Spelling.nearest(to: path.platform, among: platforms).map { "; did you mean '\($0)'?" }
            throw ApplianceError(
                "'\(text)': Talos knows no platform '\(path.platform)'\(nearest ?? ""); it is one of "
                    + platforms.joined(separator: ", "))
        }
        return path
    }

    private static let rule =
        "assets are kernel-<arch>, initramfs-<arch>.xz and cmdline-<platform>-<arch>, as in kernel-amd64, each also with "
        + ".sha256 or .sha512"

    /// A name that is written nearly like this one, or begins as it does.
    private static func suggestion(for text: String, among platforms: [String], _ architectures: [String]) -> String {
        let names = architectures.flatMap { architecture in
            ["kernel-\(architecture)", "initramfs-\(architecture).xz"]
                + platforms.map { "cmdline-\($0)-\(architecture)" }
        }
        let nearest =
            Spelling.nearest(to: text, among: names)
            ?? (text.utf8.count < 3 ? nil : names.first { $0.utf8.starts(with: text.lowercased().utf8) })
        return nearest.map { "; did you mean '\($0)'?" } ?? ""
    }
}

/// How an operator names a version: exactly ("v1.13.5"), as a minor release ("1.13", its newest patch), or "latest".
public enum VersionSelector: Hashable, Sendable {
    /// This version and no other.
    case exact(TalosVersion)
    /// The newest final patch release of a minor release; its newest prerelease as long as it has no final one.
    case newestPatch(major: UInt64, minor: UInt64)
    /// The newest final release.
    case latest

    /// Reads "latest", "1.13", "v1.13", "1.13.5" or "v1.13.5".
    public init(parsing text: some StringProtocol) throws(TalosVersionError) {
        if text == "latest" {
            self = .latest
            return
        }
        let numbers = (text.hasPrefix("v") ? text.dropFirst() : text[...])
            .split(separator: ".", omittingEmptySubsequences: false)
        // A minor release is a version whose patch number is left to us, so the same rules hold for its two numbers.
        if numbers.count == 2, !text.contains("-"), !text.contains("+") {
            guard let version = try? TalosVersion(parsing: "\(text).0") else {
                throw TalosVersionError(text: String(text), reason: "it is not a minor release, as in 1.13")
            }
            self = .newestPatch(major: version.major, minor: version.minor)
            return
        }
        self = .exact(try TalosVersion(parsing: text))
    }

    /// The version meant among those that there are, or nil when none fits.
    public func resolve(among versions: some Sequence<TalosVersion>) -> TalosVersion? {
        switch self {
        case .exact(let version):
            return versions.first { $0 == version }
        case .latest:
            return versions.filter(\.prerelease.isEmpty).max()
        case .newestPatch(let major, let minor):
            let line = versions.filter { $0.major == major && $0.minor == minor }
            return line.filter(\.prerelease.isEmpty).max() ?? line.max()
        }
    }
}

extension VersionSelector: CustomStringConvertible {
    /// As ``init(parsing:)`` reads it.
    public var description: String {
        switch self {
        case .exact(let version): version.tag
        case .newestPatch(let major, let minor): "\(major).\(minor)"
        case .latest: "latest"
        }
    }
}

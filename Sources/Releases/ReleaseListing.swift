import TalosModel

/// Which of the releases that are there are offered: all from a minimum version on, final ones always and prereleases only
/// of the newest minor version.
public struct ReleaseListing: Hashable, Sendable {
    /// The oldest version offered. The default is 1.2.0.
    public var minimum: TalosVersion
    /// Versions that are known not to work; build metadata is left aside.
    public var broken: [TalosVersion]

    /// Rules for listing.
    public init(minimum: TalosVersion = TalosVersion(1, 2, 0), broken: [TalosVersion] = []) {
        self.minimum = minimum
        self.broken = broken
    }

    /// Those of `versions` that are offered, in ascending order; none of none.
    public func listed(_ versions: [TalosVersion]) -> [TalosVersion] {
        // Prereleases and broken versions count when the newest is looked for.
        guard let newest = versions.max() else { return [] }
        return versions.filter { version in
            guard version >= minimum, !broken.contains(where: { isSame($0, version) }) else { return false }
            if version.prerelease.isEmpty { return true }
            return version.major == newest.major && version.minor == newest.minor && version.prerelease.count == 2
                && ["alpha", "beta", "rc"].contains(version.prerelease[0]) && UInt64(version.prerelease[1]) != nil
        }.sorted()
    }

    private func isSame(_ one: TalosVersion, _ other: TalosVersion) -> Bool {
        (one.major, one.minor, one.patch) == (other.major, other.minor, other.patch)
            && one.prerelease == other.prerelease
    }
}

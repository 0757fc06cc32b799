import TalosModel

/// A condition on versions as extensions' manifests have it: `>= 1.5.0 < 2.0.0 || 1.4.x` (the syntax of the Go library
/// blang/semver). A leading `v` on a number is allowed, and missing numbers count as `x` after `=`, `!=` and nothing.
public struct VersionRange: Hashable, Sendable {
    /// One of these has to hold, and of it all.
    private let alternatives: [[Comparison]]

    private struct Comparison: Hashable, Sendable {
        var lower: TalosVersion?
        var lowerIsIncluded = true
        var upper: TalosVersion?
        var upperIsIncluded = false
        var isNegated = false

        func contains(_ version: TalosVersion) -> Bool {
            var inside = true
            if let lower { inside = lowerIsIncluded ? version >= lower : version > lower }
            if let upper, inside { inside = upperIsIncluded ? version <= upper : version < upper }
            return inside != isNegated
        }
    }

    /// Reads a range; an empty one holds for every version.
    public init(parsing text: String) throws(VersionRangeError) {
        guard text.utf8.count <= 1024 else { throw VersionRangeError(text: String(text.prefix(64))) }
        var alternatives: [[Comparison]] = []
        guard text.contains(where: { $0 != " " }) else {
            self.alternatives = [[]]
            return
        }
        for part in text.split(separator: "||", omittingEmptySubsequences: false) {
            var comparisons: [Comparison] = []
            var rest = part.drop { $0 == " " }
            while !rest.isEmpty {
                let symbol = rest.prefix { "<>=!".contains($0) }
                // The operator may stand off from its number.
                rest = rest.dropFirst(symbol.count).drop { $0 == " " }
                let number = rest.prefix { $0 != " " && !"<>=!".contains($0) }
                rest = rest.dropFirst(number.count).drop { $0 == " " }
                guard let comparison = Self.comparison(symbol, number) else { throw VersionRangeError(text: text) }
                comparisons.append(comparison)
            }
            guard !comparisons.isEmpty else { throw VersionRangeError(text: text) }
            alternatives.append(comparisons)
        }
        self.alternatives = alternatives
    }

    /// Whether `version` is in the range; its prerelease and build parts do not count, so that 1.14.0-rc.1 is as good as
    /// 1.14.0.
    public func contains(_ version: TalosVersion) -> Bool {
        let release = TalosVersion(version.major, version.minor, version.patch)
        return alternatives.contains { $0.allSatisfy { $0.contains(release) } }
    }

    private static func comparison(_ symbol: Substring, _ number: Substring) -> Comparison? {
        let number = number.hasPrefix("v") ? number.dropFirst() : number
        let (lowest, afterHighest): (TalosVersion, TalosVersion?)
        if let exact = try? TalosVersion(parsing: number) {
            (lowest, afterHighest) = (exact, nil)
        } else {
            var parts = number.split(separator: ".", omittingEmptySubsequences: false)
            while let last = parts.last, ["x", "X", "*"].contains(last) { parts.removeLast() }
            let values = parts.compactMap { UInt64($0) }
            guard values.count == parts.count, values.count < 3, !number.isEmpty,
                values.allSatisfy({ $0 < UInt64(UInt32.max) })
            else { return nil }
            switch values.count {
            case 0: return ["", "=", "==", ">="].contains(symbol) ? Comparison() : nil
            case 1: (lowest, afterHighest) = (TalosVersion(values[0], 0, 0), TalosVersion(values[0] + 1, 0, 0))
            default:
                (lowest, afterHighest) = (
                    TalosVersion(values[0], values[1], 0), TalosVersion(values[0], values[1] + 1, 0)
                )
            }
        }
        switch symbol {
        case "", "=", "==":
            return Comparison(lower: lowest, upper: afterHighest ?? lowest, upperIsIncluded: afterHighest == nil)
        case "!", "!=":
            return Comparison(
                lower: lowest, upper: afterHighest ?? lowest, upperIsIncluded: afterHighest == nil, isNegated: true)
        case ">=": return Comparison(lower: lowest)
        case ">": return Comparison(lower: afterHighest ?? lowest, lowerIsIncluded: afterHighest != nil)
        case "<": return Comparison(upper: lowest)
        case "<=": return Comparison(upper: afterHighest ?? lowest, upperIsIncluded: afterHighest == nil)
        default: return nil
        }
    }
}

/// Text that is no range of versions.
public struct VersionRangeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let text: String

    public var description: String { "'\(text)' is not a range of versions, as '>= 1.5.0' is" }
}

/// A Talos release's version: a semantic version, written with a leading `v` in tags, URLs and labels, and without it
/// where versions are compared.
public struct TalosVersion: Hashable, Sendable {
    /// The first number.
    public let major: UInt64
    /// The second number.
    public let minor: UInt64
    /// The third number.
    public let patch: UInt64
    /// The identifiers between `-` and `+`; empty for a final release.
    public let prerelease: [String]
    /// The identifiers after `+`; they take no part in ordering (Semantic Versioning 2.0.0 §10).
    public let build: [String]

    /// A final release.
    public init(_ major: UInt64, _ minor: UInt64, _ patch: UInt64) {
        self.major = major
        self.minor = minor
        self.patch = patch
        prerelease = []
        build = []
    }

    /// Reads a strict semantic version, `X.Y.Z[-pre][+build]`, with or without a leading `v`.
    public init(parsing text: some StringProtocol) throws(TalosVersionError) {
        let shown = String(text)
        func fail(_ reason: String) -> TalosVersionError { TalosVersionError(text: shown, reason: reason) }
        var rest = shown.hasPrefix("v") ? shown.dropFirst() : shown[...]
        guard rest.utf8.count <= 128 else { throw fail("it is longer than 128 characters") }

        func identifiers(_ text: Substring, numeric: Bool) throws(TalosVersionError) -> [String] {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            for part in parts {
                guard !part.isEmpty, part.utf8.allSatisfy(\.isSemanticVersionCharacter) else {
                    throw fail("'\(text)' is not a list of identifiers")
                }
                if numeric, part.utf8.count > 1, part.hasPrefix("0"), part.utf8.allSatisfy(\.isDecimalDigit) {
                    throw fail("'\(part)' has a leading zero")
                }
            }
            return parts.map(String.init)
        }

        if let plus = rest.firstIndex(of: "+") {
            build = try identifiers(rest[rest.index(after: plus)...], numeric: false)
            rest = rest[..<plus]
        } else {
            build = []
        }
        if let dash = rest.firstIndex(of: "-") {
            prerelease = try identifiers(rest[rest.index(after: dash)...], numeric: true)
            rest = rest[..<dash]
        } else {
            prerelease = []
        }
        let numbers = rest.split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 3 else { throw fail("it does not have three numbers, as in v1.13.5") }
        var values: [UInt64] = []
        for number in numbers {
            guard !number.isEmpty, number.utf8.allSatisfy(\.isDecimalDigit),
                number.utf8.count == 1 || !number.hasPrefix("0"),
                let value = UInt64(number)
            else { throw fail("'\(number)' is not a number") }
            values.append(value)
        }
        (major, minor, patch) = (values[0], values[1], values[2])
    }

    /// The version as releases are tagged: with `v`.
    public var tag: String { "v\(description)" }

    /// Whether this version, its prerelease left aside, is at least `major.minor.patch`: Talos' "quirks" count
    /// 1.10.0-alpha.0 as 1.10.0.
    public func isAtLeast(_ major: UInt64, _ minor: UInt64, _ patch: UInt64 = 0) -> Bool {
        (self.major, self.minor, self.patch) >= (major, minor, patch)
    }
}

extension TalosVersion: CustomStringConvertible {
    public var description: String {
        "\(major).\(minor).\(patch)" + (prerelease.isEmpty ? "" : "-" + prerelease.joined(separator: "."))
            + (build.isEmpty ? "" : "+" + build.joined(separator: "."))
    }
}

extension TalosVersion: Comparable {
    /// Precedence as in Semantic Versioning 2.0.0 §11; versions that differ only in build metadata are ordered by it, so
    /// that the order is total.
    public static func < (left: TalosVersion, right: TalosVersion) -> Bool {
        let numbers = ((left.major, left.minor, left.patch), (right.major, right.minor, right.patch))
        if numbers.0 != numbers.1 { return numbers.0 < numbers.1 }
        if left.prerelease != right.prerelease {
            if left.prerelease.isEmpty || right.prerelease.isEmpty { return right.prerelease.isEmpty }
            for (one, other) in zip(left.prerelease, right.prerelease) where one != other {
                switch (UInt64(one), UInt64(other)) {
                case (let one?, let other?): return one < other
                case (_?, nil): return true
                case (nil, _?): return false
                case (nil, nil): return one.utf8.lexicographicallyPrecedes(other.utf8)
                }
            }
            return left.prerelease.count < right.prerelease.count
        }
        return left.build.lexicographicallyPrecedes(right.build) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// Text that is not a version.
public struct TalosVersionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let text: String
    /// What is wrong with it.
    public let reason: String

    public var description: String { "'\(text)' is not a version: \(reason)" }
}

extension UInt8 {
    fileprivate var isDecimalDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    fileprivate var isSemanticVersionCharacter: Bool {
        isDecimalDigit || self == UInt8(ascii: "-") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
    }
}

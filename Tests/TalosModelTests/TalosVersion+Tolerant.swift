import TalosModel

extension TalosVersion {
    /// Reads a version as the known answers write some: surrounding white space, a leading `v`, leading
    /// zeros and missing minor and patch numbers are allowed ("1", "v1.12"), or nil when it is no version even so.
    /// A shortened version cannot carry a prerelease or build part.
    init?(tolerating text: some StringProtocol) {
        var rest = Substring(text)
        while rest.unicodeScalars.first?.properties.isWhitespace == true { rest.unicodeScalars.removeFirst() }
        while rest.unicodeScalars.last?.properties.isWhitespace == true { rest.unicodeScalars.removeLast() }
        if rest.hasPrefix("v") { rest = rest.dropFirst() }
        guard rest.utf8.count <= 128 else { return nil }

        let suffixStart = rest.firstIndex { $0 == "-" || $0 == "+" } ?? rest.endIndex
        var numbers = rest[..<suffixStart].split(separator: ".", omittingEmptySubsequences: false).map { number in
            let significant = number.drop { $0 == "0" }
            return number.isEmpty || !significant.isEmpty ? significant : "0"
        }
        guard numbers.count == 3 || suffixStart == rest.endIndex else { return nil }
        while numbers.count < 3 { numbers.append("0") }
        guard let version = try? TalosVersion(parsing: numbers.joined(separator: ".") + rest[suffixStart...]) else {
            return nil
        }
        self = version
    }

    /// Newer than every threshold: what a version that cannot be read counts as when behaviour depends on it.
    static let newerThanAll = TalosVersion(.max, 0, 0)
}

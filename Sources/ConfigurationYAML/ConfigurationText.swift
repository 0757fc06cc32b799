/// The text of a configuration file, and its document.
public struct ConfigurationText {
    private let bytes: [UInt8]
    private let lookAlikes: LookAlikes
    private let isForeign: ForeignPart.Rule

    /// - Parameter isForeign: Which mappings another reader reads by its own grammar.
    public init(_ bytes: [UInt8], isForeign: @escaping ForeignPart.Rule = { _ in false }) {
        self.bytes = bytes
        lookAlikes = LookAlikes(in: bytes)
        self.isForeign = isForeign
    }

    /// The document. What keeps it from being read becomes a problem, and so does what misleads whoever reads the file.
    ///
    /// - Parameters:
    ///   - limits: How large it may be.
    ///   - foreignFault: Called with a part that is neither YAML nor what its own grammar has.
    /// - Returns: nil for a text that is refused, which has a problem then, and for one without a document, or with an empty
    ///   one, which has none.
    public func document(
        problems: ProblemList, limits: ConfigurationLimits = .init(),
        foreignFault: (ForeignPart.Fault) -> Void = { _ in }
    ) -> Document {
        guard !isUTF16 else {
            problems.add(.start, "the file is UTF-16, and not UTF-8", "save it as UTF-8")
            return .refused
        }
        let root: ConfigurationNode
        do {
            guard let document = try ConfigurationLoader.load(bytes, limits: limits, isForeign: isForeign),
                !document.isNull
            else { return .empty }
            root = document
        } catch {
            switch error {
            case .syntax(let error):
                problems.add(error.position, error.message, error.remedy)
                for occurrence in lookAlikes.near(error) { problems.add(occurrence) }
            case .part(let fault):
                foreignFault(fault)
            }
            return .refused
        }
        let misleading = lookAlikes.misleading(in: root, isForeign: isForeign)
        for occurrence in misleading { problems.add(occurrence) }
        problems.settle(misleading.map(\.position.line))
        return .root(root)
    }

    /// What a text holds.
    public enum Document {
        /// A document that begins with this node.
        case root(ConfigurationNode)
        /// Nothing at all, comments alone, or a null.
        case empty
        /// Something that cannot be read.
        case refused
    }

    /// Whether it begins as UTF-16 does: with its byte order mark, or with an ASCII character of two bytes.
    private var isUTF16: Bool {
        guard bytes.count >= 2 else { return false }
        let (first, second) = (bytes[0], bytes[1])
        return (first, second) == (0xFF, 0xFE) || (first, second) == (0xFE, 0xFF) || (first == 0) != (second == 0)
    }
}

extension ProblemList {
    fileprivate func add(_ occurrence: LookAlikes.Occurrence) {
        add(occurrence.position, occurrence.message, occurrence.kind.remedy)
    }
}

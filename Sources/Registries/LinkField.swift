/// Where a list goes on: the Link field of an answer (RFC 8288 §3).
enum LinkField {
    /// How many bytes are read of all fields together.
    static let maximumBytes = 16 << 10

    /// The first reference whose relation is `next`, as it was written; nil where the list ends.
    static func next(in fields: some Sequence<String>) -> String? {
        var rest = maximumBytes
        for field in fields where rest > 0 {
            let text = Array(field.utf8.prefix(rest))
            rest -= field.utf8.count
            if let reference = next(in: text) { return reference }
        }
        return nil
    }

    private static func next(in bytes: [UInt8]) -> String? {
        var index = 0
        while let start = bytes[index...].firstIndex(of: UInt8(ascii: "<")),
            let end = bytes[start...].firstIndex(of: UInt8(ascii: ">"))
        {
            let (parameters, after) = self.parameters(in: bytes, from: end + 1)
            if parameters.contains(where: isNext) { return String(decoding: bytes[(start + 1)..<end], as: UTF8.self) }
            index = after
        }
        return nil
    }

    /// What stands up to the comma before the next reference, cut at semicolons. Quotes hide both.
    private static func parameters(in bytes: [UInt8], from start: Int) -> ([ArraySlice<UInt8>], after: Int) {
        var parameters: [ArraySlice<UInt8>] = []
        var begin = start
        var index = start
        var isQuoted = false
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\") where isQuoted: index += 1
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ";") where !isQuoted:
                parameters.append(bytes[begin..<index])
                begin = index + 1
            case UInt8(ascii: ",") where !isQuoted:
                parameters.append(bytes[begin..<index])
                return (parameters, index + 1)
            default: break
            }
            index += 1
        }
        parameters.append(bytes[min(begin, bytes.count)...])
        return (parameters, bytes.count)
    }

    private static func isNext(_ parameter: ArraySlice<UInt8>) -> Bool {
        guard let equals = parameter.firstIndex(of: UInt8(ascii: "=")) else { return false }
        func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
            String(decoding: bytes.filter { !"\t\"".utf8.contains($0) }, as: UTF8.self).lowercased()
        }
        let name = trimmed(parameter[..<equals]).split(separator: " ")
        // A relation may be one of several.
        let relations = trimmed(parameter[(equals + 1)...]).split(separator: " ")
        return name == ["rel"] && relations.contains("next")
    }
}

import HTTPSemantics
import HTTPTypes

extension FuzzTarget {
    /// Eight bytes of length, then the header.
    static func ranges(_ bytes: [UInt8]) {
        guard bytes.count >= 8 else { return }
        let length = bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let header = String(decoding: bytes[8...], as: UTF8.self)
        guard case .parts(let parts) = ByteRanges(header: header, length: length) else { return }
        require((1...ByteRanges.maximumParts).contains(parts.count), "the parts are few")
        require(parts.allSatisfy { !$0.isEmpty && $0.upperBound <= length }, "parts are within the whole")
        let (total, isTooLarge) = parts.reduce((UInt64(0), false)) { sum, part in
            let (next, overflows) = sum.0.addingReportingOverflow(part.upperBound - part.lowerBound)
            return (next, sum.1 || overflows)
        }
        require(!isTooLarge && total <= length, "the parts are together no more than the whole")
    }

    /// Headers, a line each: the first byte says which, the rest is the value.
    static func conditions(_ bytes: [UInt8]) {
        let names = [HTTPField.Name.ifMatch, .ifNoneMatch, .ifModifiedSince, .ifUnmodifiedSince, .ifRange]
        let validators = Validators(entityTag: "\"abc\"", modified: HTTPDate(secondsSinceEpoch: 784_111_777))
        var fields = HTTPFields()
        for line in bytes.split(separator: UInt8(ascii: "\n")).prefix(16) {
            guard let first = line.first else { continue }
            let value = String(decoding: line.dropFirst(), as: UTF8.self)
            fields.append(HTTPField(name: names[Int(first) % names.count], value: value))
            if let date = HTTPDate(parsing: value) {
                require(HTTPDate(parsing: date.description) == date, "a date is what it prints")
            }
        }
        let verdict = validators.evaluate(fields)
        require(verdict != .failed || fields[.ifMatch] != nil || fields[.ifUnmodifiedSince] != nil, "a condition fails")
        require(
            verdict != .notModified || fields[.ifNoneMatch] != nil || fields[.ifModifiedSince] != nil,
            "only a condition spares the client the whole")
    }
}

/// The records of a PAX extended header: `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record (POSIX.1-2017 pax,
/// "pax Extended Header").
struct ExtendedHeader {
    /// The records in order.
    private(set) var records: [(key: String, value: ArraySlice<UInt8>)] = []

    init(decoding bytes: [UInt8], position: UInt64) throws(TarError) {
        let malformed = TarError.invalidField("extended header", position: position)
        var rest = bytes[...]
        while !rest.isEmpty {
            // Some writers pad with zeros.
            if rest.allSatisfy({ $0 == 0 }) { break }
            guard let space = rest.firstIndex(of: 0x20), space - rest.startIndex <= 10,
                let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                length > space - rest.startIndex + 2, length <= rest.count
            else { throw malformed }
            let record = rest[(space + 1)..<(rest.startIndex + length)]
            guard record.last == 0x0a, let equals = record.firstIndex(of: UInt8(ascii: "=")),
                let key = String(validating: record[..<equals], as: UTF8.self)
            else { throw malformed }
            records.append((key, record[(equals + 1)...].dropLast()))
            rest = rest.dropFirst(length)
        }
    }

    /// One record with the length that makes it true.
    static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let body = [0x20] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [0x0a]
        // The length counts its own digits.
        var length = body.count + 1
        while String(length).utf8.count + body.count != length { length = String(length).utf8.count + body.count }
        return Array(String(length).utf8) + body
    }
}

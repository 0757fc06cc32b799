/// The part of a blob that is still missing, and what an answer says that it has of it (RFC 9110 §14).
enum ByteRange {
    /// The Range field for what is missing from `offset` on. It has an end, because some servers refuse a range without one.
    static func field(from offset: UInt64, size: UInt64) -> String { "bytes=\(offset)-\(size == 0 ? 0 : size - 1)" }

    /// A Content-Range field: the first and the last byte, and the whole length where it is told.
    struct Content: Hashable {
        var first: UInt64
        var last: UInt64
        var total: UInt64?

        /// Reads `bytes 400-999/1000`; nil for all that cannot be right.
        init?(parsing field: String) {
            let words = field.utf8.split(separator: UInt8(ascii: " "))
            guard words.count == 2, Substring(words[0]).lowercased() == "bytes" else { return nil }
            let parts = words[1].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            let ends = parts[0].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
            guard ends.count == 2, let first = DecimalNumber.read(ends[0]), let last = DecimalNumber.read(ends[1]),
                first <= last
            else { return nil }
            self.first = first
            self.last = last
            if !parts[1].elementsEqual("*".utf8) {
                guard let total = DecimalNumber.read(parts[1]), last < total else { return nil }
                self.total = total
            }
        }
    }
}

/// A number as HTTP has it: digits and nothing else.
enum DecimalNumber {
    static func read(_ digits: some Collection<UInt8>) -> UInt64? {
        guard (1...20).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isMore) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            guard !isTooLarge, !isMore else { return nil }
            value = sum
        }
        return value
    }
}

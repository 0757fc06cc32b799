extension Double {
    /// The shortest decimal text that reads back as this number, in the form of Go's `strconv.FormatFloat(x, 'g', -1, 64)`:
    /// with an exponent when that is below -4, or 6 and more. Only for finite numbers.
    var shortestGoText: String {
        let (digits, exponent) = shortestDigits
        let sign = sign == .minus ? "-" : ""
        guard exponent < -4 || exponent >= 6 else { return sign + Self.plain(digits, exponent) }
        var text = sign + String(decoding: digits.prefix(1), as: UTF8.self)
        if digits.count > 1 { text += "." + String(decoding: digits.dropFirst(), as: UTF8.self) }
        let magnitude = abs(exponent)
        return text + "e" + (exponent < 0 ? "-" : "+") + (magnitude < 10 ? "0" : "") + String(magnitude)
    }

    private static func plain(_ digits: [UInt8], _ exponent: Int) -> String {
        guard exponent >= 0 else {
            return "0." + String(repeating: "0", count: -exponent - 1) + String(decoding: digits, as: UTF8.self)
        }
        let whole = digits.prefix(exponent + 1)
        let zeros = String(repeating: "0", count: exponent + 1 - whole.count)
        let fraction = digits.dropFirst(exponent + 1)
        let head = String(decoding: whole, as: UTF8.self) + zeros
        return fraction.isEmpty ? head : head + "." + String(decoding: fraction, as: UTF8.self)
    }

    /// The significant digits, and the power of ten of the first. Swift's description has the shortest digits that read
    /// back as the same number, which is what Go prints; only the notation differs.
    private var shortestDigits: (digits: [UInt8], exponent: Int) {
        let parts = magnitude.description.utf8.split(separator: UInt8(ascii: "e"))
        let mantissa = parts.first.map(Array.init) ?? []
        let power = parts.dropFirst().first.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        let point = mantissa.firstIndex(of: UInt8(ascii: ".")) ?? mantissa.count
        let all = mantissa.filter { $0 != UInt8(ascii: ".") }
        let leadingZeros = all.prefix { $0 == UInt8(ascii: "0") }.count
        var digits = Array(all.dropFirst(leadingZeros))
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        guard !digits.isEmpty else { return ([UInt8(ascii: "0")], 0) }
        return (digits, point - 1 - leadingZeros + power)
    }
}

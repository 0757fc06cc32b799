/// A time as YAML writes it: the fields of a calendar and a clock, and how far that clock is from UTC.
public struct Timestamp: Hashable, Sendable {
    /// From where the offset comes.
    public enum Zone: Hashable, Sendable {
        /// `Z`, or no zone at all.
        case utc
        /// A written offset, in minutes east of UTC.
        case offset(minutes: Int)
    }

    /// The year, 0 to 9999.
    public var year: Int
    /// The month, 1 to 12.
    public var month: Int
    /// The day of the month.
    public var day: Int
    /// The hour, 0 to 23.
    public var hour: Int
    /// The minute, 0 to 59.
    public var minute: Int
    /// The second, 0 to 59.
    public var second: Int
    /// Nanoseconds.
    public var nanosecond: Int
    /// The clock's zone.
    public var zone: Zone

    /// A time of the four forms that go-yaml takes, or nil:
    /// `Y-M-DTh:m:s[.frac]zone`, the same with `t`, `Y-M-D h:m:s[.frac]` and `Y-M-D`.
    ///
    /// They are read as Go's `time.Parse` reads them: one digit is enough for everything but the year and the zone, the
    /// fraction may begin with a comma, and any number of blanks may stand before the hour.
    public init?(parsing text: [UInt8]) {
        var rest = text[...]
        guard let year = Self.takeYear(&rest) else { return nil }
        (self.year, month, day, hour, minute, second, nanosecond, zone) = (year, 0, 0, 0, 0, 0, 0, .utc)
        guard let month = Self.takeNumber(&rest), (1...12).contains(month), Self.take(UInt8(ascii: "-"), &rest),
            let day = Self.takeNumber(&rest), day >= 1, day <= Self.days(in: month, of: year)
        else { return nil }
        (self.month, self.day) = (month, day)
        guard let separator = rest.popFirst() else { return }
        switch separator {
        case UInt8(ascii: "T"), UInt8(ascii: "t"):
            guard takeClock(&rest), takeZone(&rest), rest.isEmpty else { return nil }
        case UInt8(ascii: " "):
            rest = rest.drop { $0 == UInt8(ascii: " ") }
            guard takeClock(&rest), rest.isEmpty else { return nil }
        default:
            return nil
        }
    }

    private mutating func takeClock(_ rest: inout ArraySlice<UInt8>) -> Bool {
        guard let hour = Self.takeNumber(&rest), hour < 24, Self.take(UInt8(ascii: ":"), &rest),
            let minute = Self.takeNumber(&rest), minute < 60, Self.take(UInt8(ascii: ":"), &rest),
            let second = Self.takeNumber(&rest), second < 60
        else { return false }
        (self.hour, self.minute, self.second) = (hour, minute, second)
        if let mark = rest.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ","),
            let digit = rest.dropFirst().first, Self.digit(digit) != nil
        {
            rest.removeFirst()
            var unit = 100_000_000
            while let byte = rest.first, let digit = Self.digit(byte) {
                nanosecond += digit * unit
                unit /= 10
                rest.removeFirst()
            }
        }
        return true
    }

    private mutating func takeZone(_ rest: inout ArraySlice<UInt8>) -> Bool {
        if Self.take(UInt8(ascii: "Z"), &rest) { return true }
        let isNegative = rest.first == UInt8(ascii: "-")
        guard isNegative || rest.first == UInt8(ascii: "+"), rest.count >= 6 else { return false }
        rest.removeFirst()
        // Some people write an offset of 24 hours or 60 minutes, so Go lets both pass.
        guard let hours = Self.takeTwoDigits(&rest), hours <= 24, Self.take(UInt8(ascii: ":"), &rest),
            let minutes = Self.takeTwoDigits(&rest), minutes <= 60
        else { return false }
        let offset = hours * 60 + minutes
        zone = .offset(minutes: isNegative ? -offset : offset)
        return true
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }

    private static func take(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    private static func takeYear(_ rest: inout ArraySlice<UInt8>) -> Int? {
        var year = 0
        for _ in 0..<4 {
            guard let byte = rest.popFirst(), let digit = digit(byte) else { return nil }
            year = year * 10 + digit
        }
        return take(UInt8(ascii: "-"), &rest) ? year : nil
    }

    private static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard let first = rest.first, let high = digit(first) else { return nil }
        rest.removeFirst()
        guard let second = rest.first, let low = digit(second) else { return high }
        rest.removeFirst()
        return high * 10 + low
    }

    private static func takeTwoDigits(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard rest.count >= 2, digit(rest[rest.startIndex + 1]) != nil else { return nil }
        return takeNumber(&rest)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Timestamp: CustomStringConvertible {
    /// The offset from UTC, in minutes.
    var offset: Int {
        switch zone {
        case .utc: 0
        case .offset(let minutes): minutes
        }
    }

    /// RFC 3339 with the fraction that is needed.
    public var description: String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        text += "T\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
        if nanosecond > 0 {
            var fraction = padded(nanosecond, 9)
            while fraction.hasSuffix("0") { fraction.removeLast() }
            text += ".\(fraction)"
        }
        guard offset != 0 else { return text + "Z" }
        let minutes = abs(offset)
        return text + "\(offset < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
    }
}

/// A date as HTTP writes it: whole seconds, always GMT (RFC 9110 §5.6.7).
public struct HTTPDate: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var secondsSinceEpoch: Int64

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// A date from its seconds.
    public init(secondsSinceEpoch: Int64) { self.secondsSinceEpoch = secondsSinceEpoch }

    /// Reads an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT`. The two obsolete forms are not sent by any client of the last
    /// twenty years; like every text that is no date, they make the condition be ignored.
    public init?(parsing text: String) {
        // A time is a few characters; what is longer is not looked at.
        guard text.utf8.count <= 64 else { return nil }
        let fields = text.utf8.split(separator: UInt8(ascii: " "))
        guard fields.count == 6, fields[5].elementsEqual("GMT".utf8), fields[0].last == UInt8(ascii: ","),
            let day = Self.number(fields[1]), (1...31).contains(day),
            let month = Self.months.firstIndex(where: { fields[2].elementsEqual($0.utf8) }),
            let year = Self.number(fields[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = fields[4].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { Self.number($0) ?? -1 }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        secondsSinceEpoch =
            Self.dayNumber(year: year, month: Int64(month) + 1, day: day) * 86_400 + clock[0] * 3600 + clock[1] * 60
            + clock[2]
        // A leap second at the end of the year 9999 would be in a year that cannot be written.
        guard secondsSinceEpoch < Self.dayNumber(year: 10_000, month: 1, day: 1) * 86_400 else { return nil }
    }

    public var description: String {
        let (year, month, day) = Self.civil(dayNumber)
        let weekday = Self.days[Int((dayNumber % 7 + 7) % 7)]
        return "\(weekday), \(Self.pad(day)) \(Self.months[Int(month) - 1]) \(year) \(clock) GMT"
    }

    /// The date as JSON documents have it (RFC 3339 §5.6).
    public var internetText: String {
        let (year, month, day) = Self.civil(dayNumber)
        let century = year >= 1000 ? "" : String(repeating: "0", count: 4 - "\(max(year, 0))".utf8.count)
        return "\(century)\(year)-\(Self.pad(month))-\(Self.pad(day))T\(clock)Z"
    }

    private var dayNumber: Int64 {
        let days = secondsSinceEpoch.quotientAndRemainder(dividingBy: 86_400)
        return days.remainder < 0 ? days.quotient - 1 : days.quotient
    }

    private var clock: String {
        let second = secondsSinceEpoch - dayNumber * 86_400
        return "\(Self.pad(second / 3600)):\(Self.pad(second / 60 % 60)):\(Self.pad(second % 60))"
    }

    /// A number of digits alone, four at most.
    private static func number(_ text: Substring.UTF8View) -> Int64? {
        guard (1...4).contains(text.count), text.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return text.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    private static func pad(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    public static func < (left: HTTPDate, right: HTTPDate) -> Bool { left.secondsSinceEpoch < right.secondsSinceEpoch }

    // The proleptic Gregorian calendar, counted in years that begin in March, so that the leap day comes last.
    private static func dayNumber(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }

    private static func civil(_ dayNumber: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9, day)
    }
}

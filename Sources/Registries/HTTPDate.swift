import Glibc

/// Dates of HTTP (RFC 9110 §5.6.7) in the one form that is still written: `Wed, 21 Oct 2026 07:28:00 GMT`.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since 1970.
    static func seconds(_ text: String) -> Int64? {
        let words = text.utf8.split(separator: UInt8(ascii: " "))
        guard words.count == 6, let day = number(words[1], 1...31), let year = number(words[3], 1970...9999),
            let month = months.firstIndex(where: { words[2].elementsEqual($0.utf8) })
        else { return nil }
        let clock = words[4].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard clock.count == 3, let hour = number(clock[0], 0...23), let minute = number(clock[1], 0...59),
            let second = number(clock[2], 0...60)
        else { return nil }
        return days(year: year, month: Int64(month) + 1, day: day) * 86400 + hour * 3600 + minute * 60 + second
    }

    /// The system's clock, in seconds since 1970.
    static var now: Int64? {
        var time = timespec()
        return clock_gettime(CLOCK_REALTIME, &time) == 0 ? Int64(time.tv_sec) : nil
    }

    private static func number(_ digits: Substring.UTF8View, _ range: ClosedRange<Int64>) -> Int64? {
        DecimalNumber.read(digits).flatMap { Int64(exactly: $0) }.flatMap { range.contains($0) ? $0 : nil }
    }

    /// Days since 1970-01-01 in the Gregorian calendar. Years begin in March, so that the day of leap years is the last one.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month > 2 ? year : year - 1
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return 365 * year + year / 4 - year / 100 + year / 400 + dayOfYear - 719468
    }
}

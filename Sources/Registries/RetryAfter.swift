import NIOHTTP1

/// How long a registry wants to be left alone, from all the ways in which registries say so.
struct RetryAfter: Hashable, Sendable {
    /// How long.
    var wait: Duration
    /// Why, for the message, where the registry told.
    var reason: String?

    /// The longest wait that is believed.
    static let longest = Duration.seconds(366 * 24 * 3600)

    /// What an answer says; nil if nothing.
    init?(headers: HTTPHeaders, body: [UInt8]) {
        if let window = Self.exhaustedWindow(headers) {
            let source = headers.first(name: "docker-ratelimit-source").map { " for \(PlainText.shown($0))" } ?? ""
            reason = "its limit of \(window.limit) requests in \(window.seconds) s\(source) is used up"
            wait = Self.field(headers) ?? .seconds(window.seconds)
            return
        }
        guard let wait = Self.field(headers) ?? Self.sentence(body) else { return nil }
        self.wait = wait
    }

    /// Retry-After in seconds, or as a date, which counts from the answer's own Date (RFC 9110 §10.2.3).
    private static func field(_ headers: HTTPHeaders) -> Duration? {
        guard let text = headers.first(name: "retry-after") else { return nil }
        if let seconds = DecimalNumber.read(text.utf8.filter { $0 != 0x20 }) {
            return min(.seconds(Int64(clamping: min(seconds, 1 << 40))), longest)
        }
        guard let until = HTTPDate.seconds(text) else { return nil }
        // Without a date of its own, the answer's is now; a clock here may be years off, but then nobody knows better.
        guard let now = headers.first(name: "date").flatMap(HTTPDate.seconds) ?? HTTPDate.now else { return nil }
        return min(max(.zero, .seconds(until - now)), longest)
    }

    /// Docker Hub's `ratelimit-limit: 100;w=21600` beside `ratelimit-remaining: 0;w=21600`.
    private static func exhaustedWindow(_ headers: HTTPHeaders) -> (limit: UInt64, seconds: Int64)? {
        guard let limit = headers.first(name: "ratelimit-limit"),
            let remaining = headers.first(name: "ratelimit-remaining").flatMap(quota), remaining.count == 0,
            let whole = quota(limit), let seconds = whole.window, seconds > 0
        else { return nil }
        return (whole.count, Int64(clamping: min(seconds, 1 << 32)))
    }

    private static func quota(_ text: String) -> (count: UInt64, window: UInt64?)? {
        let parts = text.utf8.filter { $0 != 0x20 }.split(separator: UInt8(ascii: ";"))
        guard let first = parts.first, let count = DecimalNumber.read(first) else { return nil }
        let window = parts.dropFirst().first { $0.starts(with: "w=".utf8) }.flatMap {
            DecimalNumber.read($0.dropFirst(2))
        }
        return (count, window)
    }

    /// GitHub's `retry-after: 880.092µs, allowed: 44000/minute` in the message, in Go's way of writing durations.
    private static func sentence(_ body: [UInt8]) -> Duration? {
        let text = String(decoding: body.prefix(4096), as: UTF8.self).lowercased()
        guard let found = text.firstRange(of: "retry-after:") else { return nil }
        return GoDuration.read(text[found.upperBound...].drop { $0 == " " })
    }
}

/// Durations as Go prints them: `1m30s`, `880.092µs`.
enum GoDuration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("µs", 1e3), ("μs", 1e3), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    /// The duration at the beginning of a text.
    static func read(_ text: some StringProtocol) -> Duration? {
        var rest = Substring(text)
        var total = 0.0
        var isFound = false
        while true {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard (1...20).contains(digits.utf8.count), let number = Double(digits) else { break }
            let behind = rest[digits.endIndex...]
            guard let unit = units.first(where: { behind.hasPrefix($0.name) }) else { break }
            total += number * unit.nanoseconds
            isFound = true
            rest = behind.dropFirst(unit.name.count)
        }
        guard isFound, total.isFinite else { return nil }
        return min(.nanoseconds(Int64(min(total, 9e18))), RetryAfter.longest)
    }
}

import HTTPTypes

/// What names the state of a representation: its strong entity tag and its date.
struct Validators: Hashable {
    /// The strong tag, with its quotes.
    var entityTag: String
    /// When it came to be.
    var modified: HTTPDate

    /// The outcome of a request's conditions.
    enum Verdict: Equatable {
        /// Go on, and take the range into account or not.
        case proceed(honouringRange: Bool)
        /// 304.
        case notModified
        /// 412.
        case failed
    }

    /// Evaluates conditions in the order of RFC 9110 §13.2.2, for GET and HEAD.
    func evaluate(_ fields: HTTPFields) -> Verdict {
        if let list = fields[.ifMatch] {
            // Strong comparison (§13.1.1): a weak tag never matches.
            guard Self.tags(list).contains(where: { $0 == "*" || $0 == entityTag }) else { return .failed }
        } else if let date = fields[.ifUnmodifiedSince].flatMap(HTTPDate.init(parsing:)), modified > date {
            return .failed
        }
        if let list = fields[.ifNoneMatch] {
            // Weak comparison (§13.1.2): the mark of weakness is looked through.
            let matches = Self.tags(list).contains {
                $0 == "*" || ($0.hasPrefix("W/") ? String($0.dropFirst(2)) : $0) == entityTag
            }
            if matches { return .notModified }
        } else if let date = fields[.ifModifiedSince].flatMap(HTTPDate.init(parsing:)), modified <= date {
            return .notModified
        }
        guard let condition = fields[.ifRange] else { return .proceed(honouringRange: true) }
        if condition.hasPrefix("\"") || condition.hasPrefix("W/") {
            return .proceed(honouringRange: condition == entityTag)
        }
        // A date is a validator here only if it is exactly ours (§13.1.5).
        return .proceed(honouringRange: HTTPDate(parsing: condition) == modified)
    }

    /// The tags of a list. Our own tags hold no comma, so one inside a foreign tag can only make a tag that matches nothing.
    private static func tags(_ list: String) -> [String] {
        list.split(separator: ",").map { String($0.trimmingBlanks) }
    }
}

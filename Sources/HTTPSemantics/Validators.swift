import HTTPTypes

/// What names the state of a representation: its strong entity tag and its date.
public struct Validators: Hashable, Sendable {
    /// The strong tag, with its quotes.
    public var entityTag: String
    /// When it came to be.
    public var modified: HTTPDate

    /// Validators.
    public init(entityTag: String, modified: HTTPDate) {
        self.entityTag = entityTag
        self.modified = modified
    }

    /// The outcome of a request's conditions.
    public enum Verdict: Hashable, Sendable {
        /// Go on, and take the range into account or not.
        case proceed(honouringRange: Bool)
        /// 304.
        case notModified
        /// 412.
        case failed
    }

    /// Evaluates conditions in the order of RFC 9110 §13.2.2, for GET and HEAD.
    public func evaluate(_ fields: HTTPFields) -> Verdict {
        if let list = fields[.ifMatch] {
            // Strong comparison (§13.1.1): a weak tag never matches.
            guard Self.tags(list).contains(where: isAnyOrOwn) else { return .failed }
        } else if let date = fields[.ifUnmodifiedSince].flatMap(HTTPDate.init(parsing:)), modified > date {
            return .failed
        }
        if let list = fields[.ifNoneMatch] {
            // Weak comparison (§13.1.2): the mark of weakness is looked through.
            let matches = Self.tags(list).contains { isAnyOrOwn($0.starts(with: Self.weak) ? $0.dropFirst(2) : $0) }
            if matches { return .notModified }
        } else if let date = fields[.ifModifiedSince].flatMap(HTTPDate.init(parsing:)), modified <= date {
            return .notModified
        }
        guard let condition = fields[.ifRange] else { return .proceed(honouringRange: true) }
        if condition.utf8.first == UInt8(ascii: "\"") || condition.utf8.starts(with: Self.weak) {
            return .proceed(honouringRange: condition.utf8.elementsEqual(entityTag.utf8))
        }
        // A date is a validator here only if it is exactly ours (§13.1.5).
        return .proceed(honouringRange: HTTPDate(parsing: condition) == modified)
    }

    private static var weak: String.UTF8View { "W/".utf8 }

    private func isAnyOrOwn(_ tag: Substring.UTF8View) -> Bool {
        tag.elementsEqual("*".utf8) || tag.elementsEqual(entityTag.utf8)
    }

    /// The tags of a list. Our own tags hold no comma, so one inside a foreign tag can only make a tag that matches nothing.
    private static func tags(_ list: String) -> some Sequence<Substring.UTF8View> {
        list.utf8.split(separator: UInt8(ascii: ",")).lazy.map(\.trimmingBlanks)
    }
}

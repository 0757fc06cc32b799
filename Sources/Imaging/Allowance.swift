/// What is left of a limit. What is made of an image counts, and not only what comes in: one file under a thousand names
/// is a thousand files once links have become copies.
struct Allowance {
    private let limit: UInt64
    private let unit: String
    private(set) var used: UInt64 = 0

    /// - Parameter unit: what is counted, for the message.
    init(_ limit: UInt64, _ unit: String) {
        self.limit = limit
        self.unit = unit
    }

    var remaining: UInt64 { limit - used }

    /// Takes `count`, or says what there is too much of.
    ///
    /// - Parameter subject: whose count it is, for the message.
    mutating func take(_ count: UInt64, _ subject: String) throws(ImagingError) {
        guard count <= remaining else {
            throw ImagingError(.limitExceeded, "\(subject): it comes to more than \(limit) \(unit)")
        }
        used += count
    }
}

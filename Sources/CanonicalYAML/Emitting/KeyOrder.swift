/// The order in which go-yaml prints the keys of a map: numbers by value, text so that "a2" comes before "a10".
///
/// On keys that mix digits of several scripts, on digits beyond 64 bits, and on several times or NaNs the order is not
/// one: Go's answer then changes from run to run, and any is as good.
enum KeyOrder {
    /// A key, with its characters at hand: a key is compared many times.
    struct Key {
        fileprivate let value: YAMLValue
        fileprivate let scalars: [Unicode.Scalar]

        init(_ value: YAMLValue) {
            self.value = value
            scalars = GoRunes(value.bytes ?? []).map(\.scalar)
        }
    }

    /// Whether `left` is printed before `right`.
    static func precedes(_ left: Key, _ right: Key) -> Bool {
        if let leftNumber = number(left.value), let rightNumber = number(right.value) {
            if leftNumber != rightNumber { return leftNumber < rightNumber }
            switch (left.value, right.value) {
            case (.int(let left), .int(let right)): return left < right
            case (.uint(let left), .uint(let right)): return left < right
            default: return kind(left.value) < kind(right.value)
            }
        }
        if case .string = left.value, case .string = right.value { return precedes(left.scalars, right.scalars) }
        return kind(left.value) < kind(right.value)
    }

    /// A number, or a truth value as one.
    private static func number(_ value: YAMLValue) -> Double? {
        switch value {
        case .bool(let flag): flag ? 1 : 0
        case .int(let number): Double(number)
        case .uint(let number): Double(number)
        case .float(let number): number
        default: nil
        }
    }

    /// The number of the Go kind that holds such a key (reflect.Kind).
    private static func kind(_ value: YAMLValue) -> Int {
        switch value {
        case .bool: 1
        case .int: 2
        case .uint: 11
        case .float: 14
        case .null: 20
        case .mapping: 21
        case .sequence: 23
        case .string: 24
        case .timestamp: 25
        }
    }

    private static func precedes(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Bool {
        guard let index = zip(left, right).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
            return left.count < right.count
        }
        let (leftScalar, rightScalar) = (left[index], right[index])
        switch (leftScalar.isLetter, rightScalar.isLetter) {
        case (true, true):
            return leftScalar < rightScalar
        case (false, false):
            break
        case (let leftIsLetter, let rightIsLetter):
            let followsDigit = index > 0 && left[index - 1].isDecimalDigit
            return followsDigit ? leftIsLetter : rightIsLetter
        }
        // A zero in the middle of a number must count, so both numbers get a leading one.
        var start: Int64 = 0
        if leftScalar == "0" || rightScalar == "0",
            left[..<index].reversed().prefix(while: \.isDecimalDigit).contains(where: { $0 != "0" })
        {
            start = 1
        }
        let leftRun = number(left[index...], startingWith: start)
        let rightRun = number(right[index...], startingWith: start)
        if leftRun.value != rightRun.value { return leftRun.value < rightRun.value }
        if leftRun.length != rightRun.length { return leftRun.length < rightRun.length }
        return leftScalar < rightScalar
    }

    /// The number at the head of `scalars`. Go's arithmetic wraps, and takes a digit of any script for its distance from
    /// the ASCII zero.
    private static func number(
        _ scalars: ArraySlice<Unicode.Scalar>, startingWith start: Int64
    ) -> (value: Int64, length: Int) {
        let digits = scalars.prefix(while: \.isDecimalDigit)
        return (digits.reduce(start) { $0 &* 10 &+ (Int64($1.value) - 0x30) }, digits.count)
    }
}

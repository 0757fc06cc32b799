import Glibc
import HTTPSemantics
import Synchronization

/// The time as the `Date` header has it (RFC 9110 §6.6.1), written once a second.
final class DateHeader: Sendable {
    private let last = Mutex<(second: Int64, text: String)>((.min, ""))

    var now: String {
        let second = Int64(time(nil))
        return last.withLock { last in
            if last.second != second { last = (second, HTTPDate(secondsSinceEpoch: second).description) }
            return last.text
        }
    }
}

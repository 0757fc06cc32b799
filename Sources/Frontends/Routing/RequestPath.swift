/// The path of a request's target, in segments that are each decoded once (RFC 3986 §6.2.2.2): what is written with percent
/// signs and what is written without is the same resource.
///
/// Empty segments are left out, because firmware joins URLs with two slashes. A segment that stands for a slash, a NUL, `.` or
/// `..` is no name of anything here, so such a path has no segments at all and is found nowhere.
struct RequestPath: Equatable {
    /// Why a path cannot be read.
    enum Fault: Error {
        /// A percent sign without two hexadecimal digits.
        case encoding
        /// It climbs, or hides something in a name.
        case name
    }

    /// The segments.
    private(set) var segments: [String] = []
    /// Whether there is a slash behind the last segment.
    private(set) var endsInSlash = false

    /// Reads a path with or without a query.
    init(target: String) throws(Fault) {
        var path = Substring(target).utf8
        if let end = path.firstIndex(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) {
            path = path[..<end]
        }
        endsInSlash = path.last == UInt8(ascii: "/")
        for segment in path.split(separator: UInt8(ascii: "/")) {
            if segment.contains(UInt8(ascii: "%")) {
                guard let octets = PercentEncoding.decoded(segment) else { throw .encoding }
                try add(octets)
            } else {
                try add(segment)
            }
        }
    }

    private mutating func add(_ octets: some Collection<UInt8>) throws(Fault) {
        guard !octets.contains(UInt8(ascii: "/")), !octets.contains(0) else { throw .name }
        guard octets.count > 2 || octets.contains(where: { $0 != UInt8(ascii: ".") }) else { throw .name }
        segments.append(String(decoding: octets, as: UTF8.self))
    }
}

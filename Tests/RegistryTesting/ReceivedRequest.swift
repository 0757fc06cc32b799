import Foundation

/// What a client asked.
public struct ReceivedRequest: Sendable, CustomStringConvertible {
    /// Which server.
    public var place: RegistryCase.Place
    public var method: String
    /// The path, as it came.
    public var path: String
    /// The query, as it came.
    public var rawQuery: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    /// All values of a field.
    public func values(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    /// The decoded parameters of the query.
    public var query: [(name: String, value: String)] { Self.parameters(rawQuery, plusIsSpace: false) }

    /// The decoded fields of a form.
    public var form: [(name: String, value: String)] {
        Self.parameters(String(decoding: body, as: UTF8.self), plusIsSpace: true)
    }

    public var description: String {
        let range = values("Range").map { " Range: \($0)" }.joined()
        let scheme = values("Authorization").map { " Authorization: \($0.prefix { $0 != " " })" }.joined()
        return "\(place.rawValue) \(method) \(path)\(rawQuery.isEmpty ? "" : "?\(rawQuery)")\(range)\(scheme)"
    }

    private static func parameters(_ text: String, plusIsSpace: Bool) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { part in
                let part = plusIsSpace ? String(part).replacing("+", with: " ") : String(part)
                return part.removingPercentEncoding ?? part
            }
            return (parts[0], parts.count > 1 ? parts[1] : "")
        }
    }
}

extension RegistryCase.Request {
    /// How a request fits.
    enum Fit { case all, butAuthorization, not }

    /// Whether `request` is this one. The method is looked at elsewhere.
    func fit(_ request: ReceivedRequest) -> Fit {
        guard at == request.place, path == request.path else { return .not }
        if let rawQuery, rawQuery != request.rawQuery { return .not }
        for (name, values) in query ?? [:]
        where request.query.filter({ $0.name == name }).map(\.value).sorted() != values.all.sorted() { return .not }
        if let form {
            for (name, value) in form {
                guard let sent = request.form.first(where: { $0.name == name }), value == "*" || sent.value == value
                else {
                    return .not
                }
            }
        }
        if let body, Array(body.utf8) != request.body { return .not }
        var isAuthorized = true
        for (name, value) in headers ?? [:] where !Self.has(request.values(name), value) {
            guard name.lowercased() == "authorization" else { return .not }
            isAuthorized = false
        }
        for name in withoutHeaders ?? [] where !request.values(name).isEmpty { return .not }
        return isAuthorized ? .all : .butAuthorization
    }

    /// Whether a field has a value. Lists may have more, and stand in several lines.
    private static func has(_ sent: [String], _ wanted: String) -> Bool {
        guard wanted != "*" else { return !sent.isEmpty }
        if sent == [wanted] { return true }
        func members(_ text: String) -> [String] {
            text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let wanted = members(wanted)
        return wanted.count > 1 && Set(sent.flatMap(members)).isSuperset(of: wanted)
    }

    /// The Authorization that has to be there.
    var authorization: String? { headers?.first { $0.key.lowercased() == "authorization" }?.value }
}

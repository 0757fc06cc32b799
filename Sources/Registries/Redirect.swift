import NIOHTTP1

/// Where an answer leads.
enum Redirect {
    /// The URL in its Location field.
    static func target(of answer: Answer, request: String) throws(RegistryError) -> RegistryURL {
        guard let location = answer.headers.first(name: "location"), !location.isEmpty else {
            throw RegistryError(
                .badAnswer, "\(request) leads elsewhere (\(answer.status)) and does not say where to",
                status: answer.status)
        }
        do { return try answer.url.resolving(location) } catch {
            throw RegistryError(
                .refusedRedirect,
                "\(request) leads to '\(PlainText.shown(location.prefix { $0 != "?" }))', where nobody goes: \(error)",
                status: answer.status)
        }
    }

    /// The same question at another place. What shows who asks stays with the server for which it is.
    static func exchange(_ exchange: Exchange, to target: RegistryURL) -> Exchange {
        var next = exchange
        next.url = target
        if target.origin != exchange.url.origin {
            for name in ["authorization", "cookie", "proxy-authorization"] { next.headers.remove(name: name) }
        }
        return next
    }
}

import NIOHTTP1

extension RegistryError {
    /// What a status means that is not the wanted one.
    ///
    /// - Parameter request: What was asked and of whom, as the beginning of a sentence: `ghcr.io, asked for …,`.
    init(status: Int, headers: HTTPHeaders, body: [UInt8], request: String) {
        let explanation = ErrorBody(body)
        let said = explanation.shown.map { " (\($0))" } ?? ""
        let answer = "\(request) answers \(status)\(said)"
        let pace = RetryAfter(headers: headers, body: body)
        func error(_ code: Code, _ remedy: String = "") -> RegistryError {
            RegistryError(code, answer + remedy, status: status, retryAfter: pace?.wait)
        }
        switch status {
        case 400 where Self.speaksTLS(body):
            self = error(.badAnswer, "; that port speaks TLS, so do not have it set to insecure")
        case 401: self = error(.denied, "; log in to it, or correct the credentials")
        case 403: self = error(.denied, "; it does not let us")
        case 404, 410: self = error(.notFound)
        case 429: self = error(.rateLimited, Self.pace(pace))
        case 405, 501: self = error(.unsupported)
        case 408, 500, 502, 503, 504: self = error(.unavailable, Self.pace(pace))
        case 300..<400: self = error(.badAnswer)
        // Some registries say only in the code that something is missing.
        case _ where ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "NOT_FOUND"].contains(explanation.code):
            self = error(.notFound)
        default: self = error(.badAnswer)
        }
    }

    private static func speaksTLS(_ body: [UInt8]) -> Bool {
        let text = String(decoding: body.prefix(2048), as: UTF8.self).lowercased()
        return text.contains("http request to an https server")
            || text.contains("plain http request was sent to https port")
    }

    private static func pace(_ pace: RetryAfter?) -> String {
        guard let pace else { return "" }
        let seconds = pace.wait.components.seconds
        let wait = seconds == 0 ? "a moment" : seconds < 7200 ? "\(seconds) s" : "\(seconds / 3600) hours"
        return "; it wants to be asked again in \(wait)" + (pace.reason.map { ": \($0)" } ?? "")
    }
}

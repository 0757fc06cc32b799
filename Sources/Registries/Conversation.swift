import NIOHTTP1

/// Asks one endpoint one question: logs in where that is wanted, and goes where the answer leads.
struct Conversation: Sendable {
    let transport: Transport
    let login: Login
    let gate: HostGate
    let limits: RegistryLimits

    /// How far an answer is followed.
    enum Following {
        /// Wherever storage may be.
        case everywhere
        /// To the registry's own server only; what leads elsewhere is the answer.
        case sameOrigin
    }

    /// - Parameters:
    ///   - repository: The repository's name at the endpoint, for which a login has to be good.
    ///   - request: What is asked and of whom, for messages.
    func ask(
        _ method: HTTPMethod, _ url: RegistryURL, headers: HTTPHeaders = [:], at endpoint: Endpoint,
        repository: String?,
        following: Following = .everywhere, deadline: Deadline, request: String
    ) async throws -> Answer {
        var exchange = Exchange(method, url, headers: headers)
        var chain = [url.shown]
        for _ in 0...RedirectPolicy.hops {
            let isAtHome = exchange.url.origin == endpoint.base.origin
            let answer =
                isAtHome
                ? try await askLoggedIn(
                    exchange, at: endpoint, repository: Self.repository(in: exchange.url) ?? repository,
                    deadline: deadline,
                    request: request)
                : try await transport.send(
                    exchange, registry: endpoint.base.origin, deadline: deadline, request: request)
            guard answer.isRedirect else { return answer }
            let target = try Redirect.target(of: answer, request: request)
            if following == .sameOrigin, target.origin != endpoint.base.origin { return answer }
            if let obstacle = RedirectPolicy.obstacle(from: exchange.url, to: target, reach: endpoint.reach) {
                throw RegistryError(
                    .refusedRedirect, "\(request) leads to \(target.shown), where nobody goes: \(obstacle)",
                    status: answer.status)
            }
            // Reading the little that is in it keeps the connection for the next question.
            _ = try await answer.explanation()
            chain.append(target.shown)
            exchange = Redirect.exchange(exchange, to: target)
        }
        throw RegistryError(
            .refusedRedirect,
            "\(request) leads on and on, more than \(RedirectPolicy.hops) times: \(chain.joined(separator: " → "))")
    }

    private func askLoggedIn(
        _ exchange: Exchange, at endpoint: Endpoint, repository: String?, deadline: Deadline, request: String
    ) async throws -> Answer {
        var shown = try await login.authorization(at: endpoint, repository: repository, request: request)
        var seen: Set<RefusalCause> = []
        while true {
            var exchange = exchange
            exchange.headers.remove(name: "authorization")
            if let field = shown.field { exchange.headers.add(name: "authorization", value: field) }
            let answer = try await transport.send(
                exchange, registry: endpoint.base.origin, deadline: deadline, request: request)
            let challenges = Challenge.all(in: answer.headers["www-authenticate"])
            guard answer.status == 401, let cause = RefusalCause(challenges, shown: shown), seen.insert(cause).inserted,
                let next = try await login.authorization(
                    after: cause, challenges, shown: shown, at: exchange.url, endpoint: endpoint,
                    repository: repository,
                    request: request)
            else {
                guard answer.status == 401, shown != .nothing else { return answer }
                throw await refusal(answer, at: endpoint, repository: repository, request: request)
            }
            _ = try await answer.explanation()
            shown = next
        }
    }

    /// What was shown is not taken: where it stands is the first thing that somebody wants to know who has to mend it.
    private func refusal(
        _ answer: Answer, at endpoint: Endpoint, repository: String?, request: String
    ) async -> RegistryError {
        let body = (try? await answer.explanation()) ?? []
        var error = RegistryError(status: answer.status, headers: answer.headers, body: body, request: request)
        if let place = await login.place(for: endpoint, repository: repository) {
            error.message += "; the credentials shown are \(place)"
        }
        return error
    }

    /// The repository in a URL of the protocol, which after a redirect may be another one.
    static func repository(in url: RegistryURL) -> String? {
        let path = url.path
        guard path.utf8.starts(with: "/v2/".utf8) else { return nil }
        let parts = path.utf8.dropFirst(4).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let kinds = ["manifests", "blobs", "tags", "referrers"]
        guard parts.count >= 3, kinds.contains(where: { parts[parts.count - 2].elementsEqual($0.utf8) }) else {
            return nil
        }
        return parts.dropLast(2).map { String(Substring($0)) }.joined(separator: "/")
    }

    /// The error that an unwanted answer is.
    func fault(_ answer: Answer, request: String) async throws -> RegistryError {
        let body = try await answer.explanation()
        return RegistryError(status: answer.status, headers: answer.headers, body: body, request: request)
    }
}

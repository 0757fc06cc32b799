import Logging
import NIOHTTP1

/// Fetches tokens from the servers that registries name.
struct TokenServer: Sendable {
    let transport: Transport
    let gate: HostGate
    let logger: Logger

    /// How long one token may take.
    private static let limit = Duration.seconds(30)

    /// - Parameters:
    ///   - credential: What is shown there; nil for nothing.
    ///   - place: Where the credential stands, for the message of its refusal.
    func fetch(
        _ request: TokenRequest, for endpoint: Endpoint, credential: Credential?, place: String?
    ) async throws -> TokenAnswer {
        let text = "\(request.realm.authority), asked for a token of \(endpoint.host),"
        switch credential {
        case .basic(let user, let password)?:
            let shown = Authorization(.basic(user: user, password: password)) ?? .nothing
            do {
                return try await get(request, for: endpoint, showing: shown, account: user, text)
            } catch let error as RegistryError {
                guard error.code == .denied else { throw error }
                return try await withoutCredential(request, for: endpoint, refusal: error, place: place, text)
            }
        case .identityToken(let token)?:
            let form = request.form(refreshToken: token)
            var exchange = Exchange(.POST, request.realm, form: form)
            exchange.headers.add(name: "accept", value: "application/json")
            do { return try await answer(exchange, for: endpoint, text) } catch let error as RegistryError {
                // A server without this flow has another one at the same place.
                guard [404, 405].contains(error.status) else { throw named(error, place) }
                return try await get(request, for: endpoint, showing: .nothing, account: nil, text)
            }
        default: return try await get(request, for: endpoint, showing: .nothing, account: nil, text)
        }
    }

    /// Images that everybody may have are also for those whose password has run out.
    private func withoutCredential(
        _ request: TokenRequest, for endpoint: Endpoint, refusal: RegistryError, place: String?, _ text: String
    ) async throws -> TokenAnswer {
        let refusal = named(refusal, place)
        do {
            let answer = try await get(request, for: endpoint, showing: .nothing, account: nil, text)
            logger.warning("\(refusal.message); asked without them instead")
            return answer
        } catch is RegistryError { throw refusal }
    }

    private func named(_ error: RegistryError, _ place: String?) -> RegistryError {
        guard error.code == .denied else { return error }
        var error = error
        error.message += "; the credentials that it refuses are \(place ?? "those set for it")"
        return error
    }

    private func get(
        _ request: TokenRequest, for endpoint: Endpoint, showing shown: Authorization, account: String?, _ text: String
    ) async throws -> TokenAnswer {
        var exchange = Exchange(.GET, request.url(account: account))
        exchange.headers.add(name: "accept", value: "application/json")
        if let field = shown.field { exchange.headers.add(name: "authorization", value: field) }
        return try await answer(exchange, for: endpoint, text)
    }

    private func answer(_ first: Exchange, for endpoint: Endpoint, _ text: String) async throws -> TokenAnswer {
        let deadline = Deadline(in: Self.limit)
        var exchange = first
        for _ in 0...RedirectPolicy.hops {
            if let wait = await gate.wait(for: exchange.url.origin) {
                try await Task.sleep(for: min(wait, deadline.left))
            }
            let answer = try await transport.send(
                exchange, registry: endpoint.base.origin, deadline: deadline, request: text)
            guard answer.isRedirect else { return try await self.token(in: answer, deadline: deadline, text) }
            exchange = try next(exchange, after: answer, for: endpoint, text)
        }
        throw RegistryError(.refusedRedirect, "\(text) leads on and on, more than \(RedirectPolicy.hops) times")
    }

    private func next(
        _ exchange: Exchange, after answer: Answer, for endpoint: Endpoint, _ text: String
    ) throws(RegistryError) -> Exchange {
        let target = try Redirect.target(of: answer, request: text)
        if let obstacle = RedirectPolicy.realmObstacle(of: endpoint.base, realm: target)
            ?? RedirectPolicy.realmObstacle(of: exchange.url, realm: target)
        {
            throw RegistryError(.refusedRedirect, "\(text) leads to \(target.shown), where nobody goes: \(obstacle)")
        }
        if target.origin != exchange.url.origin {
            // What is in the form is a secret as well.
            guard exchange.form == nil else {
                throw RegistryError(.refusedRedirect, "\(text) leads to \(target.shown), which is another server")
            }
        }
        return Redirect.exchange(exchange, to: target)
    }

    private func token(in answer: Answer, deadline: Deadline, _ text: String) async throws -> TokenAnswer {
        guard answer.isSuccess else {
            let body = try await answer.explanation()
            var error = RegistryError(status: answer.status, headers: answer.headers, body: body, request: text)
            if let wait = error.retryAfter, error.code == .rateLimited {
                await gate.close(answer.url.origin, for: min(wait, .seconds(60)))
            }
            if error.code == .denied { error.message += "; what is asked for is not there, or not for us" }
            throw error
        }
        let body = try await answer.whole(limit: TokenAnswer.maximumBytes, deadline: deadline, request: text)
        guard let token = TokenAnswer(body) else {
            // What is in the answer may be a token that another program could use, so none of it is shown.
            throw RegistryError(.badAnswer, "\(text) answers with something that has no token in it")
        }
        return token
    }
}

import Digests
import NIOHTTP1
import OCIModel
import Workers

extension RegistryClient {
    /// What refers to an image, by its own words. Registries have a list of that; where one has none, or an empty one, the list is
    /// looked for under the tag that stands in for it.
    ///
    /// A mirror that has nothing is not believed as long as another place can be asked: copies mostly come without signatures.
    ///
    /// - Parameters:
    ///   - subject: The image.
    ///   - artifactType: The wanted kind; nil for all.
    /// - Returns: Nothing, only if every place has said so.
    /// - Throws: ``RegistryError``, where some place has nothing and another could not be asked, or where there are more than anybody
    ///   would look through.
    public func referrers(
        to subject: Digest, in repository: Repository, artifactType: MediaType? = nil
    ) async throws -> [Referrer] {
        let deadline = Deadline(in: limits.document)
        var failure: RegistryError?
        let endpoints = try endpoints(of: repository)
        for (index, endpoint) in endpoints.enumerated() {
            do {
                let isLast = index == endpoints.count - 1
                let found = try await attempts(limits.attempts).run(at: endpoint, gate, deadline, isLast: isLast) {
                    try await referrers(to: subject, in: repository, artifactType, at: endpoint, deadline)
                }
                if !found.isEmpty { return found }
            } catch let error as RegistryError { failure = error }
        }
        if let failure { throw failure }
        return []
    }

    private func referrers(
        to subject: Digest, in repository: Repository, _ artifactType: MediaType?, at endpoint: Endpoint,
        _ deadline: Deadline
    ) async throws -> [Referrer] {
        for list in [listed, tagged] {
            var seen: Set<Digest> = []
            let candidates = try await list(subject, repository, artifactType, endpoint, deadline).filter {
                $0.mayBe(artifactType) && seen.insert($0.digest).inserted
            }
            guard candidates.count <= limits.referrers else {
                throw RegistryError(
                    .tooLarge,
                    "\(endpoint.host) has \(candidates.count) things that refer to \(repository)@\(subject), and "
                        + "\(limits.referrers) are looked at at most")
            }
            var found: [Referrer] = []
            for candidate in candidates {
                let image = ImageReference(registry: nil, repository: repository.name, digest: candidate.digest)
                let document = try await document(image, in: repository, at: endpoint, deadline)
                guard let referrer = try await work.run({ Referrer(document, of: subject) }) else { continue }
                if artifactType.map({ $0 == referrer.artifactType }) ?? true { found.append(referrer) }
            }
            if !found.isEmpty { return found }
        }
        return []
    }

    /// The registry's own list; empty where it has none.
    private func listed(
        _ subject: Digest, _ repository: Repository, _ artifactType: MediaType?, _ endpoint: Endpoint,
        _ deadline: Deadline
    ) async throws -> [ReferrerPage.Candidate] {
        let request = RequestText.of(
            "what refers to \(endpoint.name(of: repository))@\(subject)", at: endpoint.host)
        var url = endpoint.url(repository, "referrers/\(subject)")
        if let artifactType {
            url = url.with(target: "\(url.target)?artifactType=\(TokenRequest.encoded(artifactType.rawValue))")
        }
        var trail = PageTrail(first: url, limit: limits.pages)
        var candidates: [ReferrerPage.Candidate] = []
        while true {
            let answer = try await conversation.ask(
                .GET, url, headers: HTTPHeaders([("accept", MediaType.index.rawValue)]), at: endpoint,
                repository: endpoint.name(of: repository), following: .sameOrigin, deadline: deadline, request: request)
            guard !Self.meansNone(answer) else {
                _ = try await answer.explanation()
                return candidates
            }
            guard answer.status == 200 else { throw try await conversation.fault(answer, request: request) }
            let bytes = try await answer.whole(limit: limits.documentBytes, deadline: deadline, request: request)
            guard let page = try await work.run({ ReferrerPage(bytes) }) else { return candidates }
            candidates += page.candidates.filter { $0.mayBe(artifactType) }
            guard candidates.count <= limits.referrers,
                let next = try trail.next(after: answer.url, links: answer.headers["link"], request: request)
            else {
                return candidates
            }
            url = next
        }
    }

    /// The list under the tag that stands in for it: the digest with a dash for its colon.
    private func tagged(
        _ subject: Digest, _ repository: Repository, _ artifactType: MediaType?, _ endpoint: Endpoint,
        _ deadline: Deadline
    ) async throws -> [ReferrerPage.Candidate] {
        let image = ImageReference(registry: nil, repository: repository.name, tag: "sha256-\(subject.hexadecimal)")
        let document: RegistryDocument
        do { document = try await self.document(image, in: repository, at: endpoint, deadline) } catch let error
            as RegistryError
        {
            guard error.code == .notFound else { throw error }
            return []
        }
        // GitLab finds the image itself under this tag.
        guard document.digest != subject else { return [] }
        let own = ReferrerPage.Candidate(digest: document.digest, size: UInt64(document.bytes.count), artifactType: nil)
        return try await work.run {
            document.mediaType.isIndex ? ReferrerPage(document.bytes)?.candidates ?? [] : [own]
        }
    }

    /// Whether an answer says that there is no such list here. What says nothing of the kind is an error, for otherwise something that
    /// is signed would be taken for unsigned while its registry is out of order.
    private static func meansNone(_ answer: Answer) -> Bool {
        switch answer.status {
        case 400, 404, 405, 406, 501: true
        case 401: Challenge.all(in: answer.headers["www-authenticate"]).isEmpty
        default: answer.isRedirect
        }
    }
}

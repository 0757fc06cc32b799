import NIOHTTP1
import Workers

/// The tags of a repository, in no order.
public struct TagList: Hashable, Sendable {
    /// Each tag once.
    public var tags: [String]
    /// Who gave the list. A mirror whose registry is down may list what it has, and say nothing of the rest: a tag that is missing
    /// here is not known to be gone.
    public var source: RegistryHost
}

extension RegistryClient {
    /// Lists a repository's tags: all of them, or it throws.
    public func tags(of repository: Repository) async throws -> TagList {
        let deadline = Deadline(in: limits.document)
        return try await first(of: repository, deadline) { endpoint in
            do { return try await list(repository, at: endpoint, deadline) } catch is PageGone {
                // The tag behind which the next page begins has been deleted meanwhile.
                do { return try await list(repository, at: endpoint, deadline) } catch is PageGone {
                    throw RegistryError(
                        .badAnswer, "\(endpoint.host) loses its list of the tags of \(repository) on the way")
                }
            }
        }
    }

    private struct PageGone: Error {}

    private func list(_ repository: Repository, at endpoint: Endpoint, _ deadline: Deadline) async throws -> TagList {
        let request = RequestText.of("the tags of \(endpoint.name(of: repository))", at: endpoint.host)
        var url = endpoint.url(repository, "tags/list?n=1000")
        var trail = PageTrail(first: url, limit: limits.pages)
        let first = url
        var tags: [String] = []
        var known: Set<String> = []
        while true {
            let answer = try await conversation.ask(
                .GET, url, headers: HTTPHeaders([("accept", "application/json")]), at: endpoint,
                repository: endpoint.name(of: repository), deadline: deadline, request: request)
            guard answer.status == 200 else {
                let fault = try await conversation.fault(answer, request: request)
                if [400, 404].contains(answer.status), let own = trail.own(url) {
                    url = own
                    continue
                }
                if answer.status == 404, url != first { throw PageGone() }
                throw fault
            }
            let bytes = try await answer.whole(limit: limits.pageBytes, deadline: deadline, request: request)
            for tag in try await work.run({ try TagPage.read(bytes, request: request) })
            where known.insert(tag).inserted {
                tags.append(tag)
            }
            guard tags.count <= limits.tags else {
                throw RegistryError(.tooLarge, "\(request) has more than \(limits.tags) tags, and that many are read")
            }
            guard let next = try trail.next(after: answer.url, links: answer.headers["link"], request: request) else {
                return TagList(tags: tags, source: endpoint.host)
            }
            url = next
        }
    }
}

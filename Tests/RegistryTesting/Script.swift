import Synchronization

/// A case as it is played: which answer a request gets.
///
/// The first step that was not taken yet and fits is taken; afterwards the last one that fits is taken again, because servers do
/// what they did. A step that wants a token first asks for one. HEAD is answered as the GET of the same path would be, or not at
/// all, as a client must bear either. What the case leaves out and all cases mean (``CaseObjects``) is there.
final class Script: Sendable {

    /// What a request got.
    enum Source: Hashable, Sendable {
        /// A step's answer.
        case step(Int)
        /// What the case means without saying it.
        case implied
        /// Nothing there; nobody should have asked.
        case stray
    }

    private struct State {
        var taken: Set<Int> = []
        /// Tokens that implied challenges have promised, by the challenge's place.
        var promised: String?
        var log: [(request: ReceivedRequest, source: Source)] = []
    }

    let registryCase: RegistryCase
    private let steps: [RegistryCase.Step]
    private let heads: ScriptedRegistry.Heads
    private let state = Mutex(State())

    init(_ registryCase: RegistryCase, heads: ScriptedRegistry.Heads) {
        self.registryCase = registryCase
        steps = registryCase.steps
        self.heads = heads
    }

    /// All requests so far, and where their answers came from.
    var log: [(request: ReceivedRequest, source: Source)] { state.withLock { $0.log } }

    /// The answer to a request.
    func answer(to request: ReceivedRequest, _ bases: (String) -> String) throws -> Answer {
        let (source, answer) = try state.withLock { state in
            let found = try find(request, &state, bases)
            state.log.append((request, found.0))
            return found
        }
        _ = source
        return answer
    }

    private func find(
        _ request: ReceivedRequest, _ state: inout State, _ fill: (String) -> String
    ) throws -> (Source, Answer) {
        if request.place == .tokens, let token = state.promised {
            state.promised = nil
            return (.implied, Answer(json: #"{"token":"\#(token)"}"#))
        }
        let fits = steps.enumerated().map { (position: $0, step: $1, fit: $1.request.fit(request)) }
        let exact = fits.filter { $0.fit == .all && $0.step.request.method == request.method }
        if let next = exact.first(where: { !state.taken.contains($0.position) }) ?? exact.last {
            if next.step.response.repeatForEver != true { state.taken.insert(next.position) }
            return (.step(next.position), try Answer(next.step.response, fill))
        }
        if request.method == "HEAD" {
            let gets = fits.filter { $0.fit == .all && $0.step.request.method == "GET" }
            if let get = gets.first(where: { !state.taken.contains($0.position) }) ?? gets.last {
                guard heads == .likeGet else { return (.implied, Answer(status: 405)) }
                // A refusal counts as the one that the case tells of; a success does not.
                if get.step.response.status.map({ $0 >= 400 }) ?? false, get.step.response.repeatForEver != true {
                    state.taken.insert(get.position)
                }
                return (.step(get.position), try Answer(get.step.response, fill))
            }
        }
        if let step = fits.first(where: { $0.fit == .butAuthorization }), let wanted = step.step.request.authorization {
            return (.implied, challenge(request, wanted, &state, fill))
        }
        if let object = implied(request) { return (.implied, object) }
        if request.place == .registry {
            // Whoever begins elsewhere than with a ping meets the ping's challenge all the same.
            if let ping = steps.firstIndex(where: { $0.request.path == "/v2/" && $0.request.at == .registry }),
                !state.taken.contains(ping)
            {
                return (.step(ping), try Answer(steps[ping].response, fill))
            }
            if request.path == "/v2/" { return (.implied, Answer(json: "{}")) }
        }
        return (.stray, Answer(missing: request.path))
    }

    private func challenge(
        _ request: ReceivedRequest, _ wanted: String, _ state: inout State, _ fill: (String) -> String
    ) -> Answer {
        var answer = Answer(status: 401)
        if wanted.hasPrefix("Bearer ") {
            state.promised = String(wanted.dropFirst(7))
            let repository = request.path.split(separator: "/").dropFirst().prefix {
                !["manifests", "blobs", "tags", "referrers"].contains($0)
            }
            let scope = "repository:\(repository.joined(separator: "/")):pull"
            answer.headers.append(
                ("WWW-Authenticate", fill(#"Bearer realm="{AUTH}/token",service="svc",scope="\#(scope)""#)))
        } else {
            answer.headers.append(("WWW-Authenticate", #"Basic realm="reg""#))
        }
        return answer
    }

    /// One of the objects that all cases mean.
    private func implied(_ request: ReceivedRequest) -> Answer? {
        guard request.method == "GET" || request.method == "HEAD", request.place != .tokens,
            request.path.hasPrefix("/v2/"), var name = request.path.split(separator: "/").last.map(String.init)
        else { return nil }
        if request.path.contains("/referrers/"), name == CaseObjects.digest(CaseObjects.index) {
            return Answer(bytes: CaseObjects.referrers, type: "application/vnd.oci.image.index.v1+json")
        }
        // Where HEAD says what a tag is, GET gives it.
        let head = steps.first { $0.request.fit(request) == .all && $0.request.method == "HEAD" }
        if request.method == "GET", let digest = head?.response.headers?["Docker-Content-Digest"]?.all.first {
            name = digest
        }
        guard let object = CaseObjects.all[name] else { return nil }
        var answer = Answer(bytes: object.bytes, type: object.type)
        answer.headers.append(("Docker-Content-Digest", name))
        return answer
    }
}

import Foundation
import OCIModel
import RegistryTesting
import Testing
import VectorTesting

@testable import Registries

/// What was seen of registries in the field, played by a scripted server.
@Suite(.serialized) struct FieldTests {
    private static let certificates = Result { try TestCertificates() }

    @Test(arguments: try FieldRules.cases.get(), ScriptedRegistry.Heads.allCases)
    func field(seen: RegistryCase, heads: ScriptedRegistry.Heads) async throws {
        guard FieldRules.heldElsewhere[seen.name] == nil else { return }
        let certificates = try Self.certificates.get()
        let servers = try await ScriptedRegistry(playing: seen, heads: heads, certificates: certificates)
        let replay = try FieldReplay(seen, servers, certificates: certificates)
        let start = ContinuousClock.now
        let result: Result<FieldReplay.Outcome, any Error>
        do { result = .success(try await replay.run()) } catch { result = .failure(error) }
        let taken = start.duration(to: .now)
        try await replay.client.shutdown()
        await servers.stop()
        let story = Comment(rawValue: "\(result)\n\(servers.requests.map(\.description).joined(separator: "\n"))")
        if case .failure(let failure as CaseFailure) = result { throw failure }
        checkSecrets(seen, servers, result, story)
        // Of those that are kept elsewhere only what holds for all is known.
        guard let rule = FieldRules.all[seen.name] else { return }
        check(result, rule, servers, story)
        #expect(rule.traps.isDisjoint(with: servers.steps), story)
        #expect(!servers.requests.contains { rule.untouched.contains($0.place) }, story)
        #expect(rule.isOpen || servers.strays.isEmpty, "\(servers.strays): \(story)")
        #expect(rule.requests.contains(servers.requests.count), story)
        #expect(taken >= rule.wait, story)
    }

    @Test func everyCaseHasARule() throws {
        let known = Set(FieldRules.all.keys).union(FieldRules.heldElsewhere.keys)
        let lines = try VectorFile.registries.places().prefix(1).flatMap {
            try Data(contentsOf: $0).split(separator: UInt8(ascii: "\n"))
        }
        let own = try lines.map { try JSONDecoder().decode(RegistryCase.self, from: Data($0)) }
            .filter { $0.kind != "helper" && !FieldRules.operationsNotBuilt.contains($0.op ?? "") }
        #expect(Set(own.map(\.name)) == known)
    }

    private func check(
        _ result: Result<FieldReplay.Outcome, any Error>, _ rule: Rule, _ servers: ScriptedRegistry, _ story: Comment
    ) {
        switch (rule.expected, result) {
        case (.tags(let tags), .success(.tags(let found))): #expect(found.sorted() == tags.sorted(), story)
        case (.digest(let digests), .success(.digest(let found))): #expect(digests.contains(found), story)
        case (.referrers(let digests), .success(.referrers(let found))): #expect(found == digests, story)
        case (.exists, .success(.exists(let found))): #expect(found, story)
        case (.whole, .success(.whole)): break
        case (.failure(let codes, let words), .failure(let error)):
            if let error = error as? RegistryError {
                #expect(codes.isEmpty || codes.contains(error.code), "\(error.code): \(story)")
            } else {
                #expect(error is OCIModelError, story)
            }
            for word in words {
                let word = word.replacing("{AUTH_HOST}", with: servers.hosts[.tokens] ?? "")
                #expect("\(error)".contains(word), story)
            }
        default: Issue.record(story)
        }
    }

    /// Credentials go to the registry that they are for, and to where it sends for tokens; and nothing secret is in a message.
    private func checkSecrets(
        _ seen: RegistryCase, _ servers: ScriptedRegistry, _ result: Result<FieldReplay.Outcome, any Error>,
        _ story: Comment
    ) {
        let own = Data("mirror:own".utf8).base64EncodedString()
        for request in servers.requests {
            let authorization = request.values("Authorization")
            switch request.place {
            case .registry: #expect(!authorization.contains("Basic \(own)"), story)
            case .mirror:
                let isFree = authorization.allSatisfy { !$0.hasPrefix("Basic ") || $0 == "Basic \(own)" }
                #expect(isFree, story)
            case .other:
                #expect(authorization.isEmpty, story)
                #expect(request.values("Cookie").isEmpty, story)
            case .tokens: break
            }
        }
        guard case .failure(let error) = result else { return }
        let message = "\(error)"
        for secret in ["Signature=", "?", "Basic ", "Bearer T", "user:", "s:ec"] {
            #expect(!message.contains(secret), story)
        }
    }
}

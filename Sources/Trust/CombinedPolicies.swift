import Digests

/// Accepts what every one of some policies accepts. Where there is none, nothing has been asked for, and nothing is accepted.
public struct AllOf: TrustPolicy {
    private let policies: [any TrustPolicy]

    /// All of `policies`.
    public init(_ policies: [any TrustPolicy]) { self.policies = policies }

    public var name: String { policies.listed(as: "all of") }

    public var identity: Digest { policies.identity(as: "all of") }

    public func judge(_ evidence: ImageEvidence) -> TrustDecision {
        guard !policies.isEmpty else { return .refused(reasons: ["no policy is there to accept it"]) }
        var grounds: [String] = []
        var reasons: [String] = []
        for policy in policies {
            switch policy.judge(evidence) {
            case .trusted(let ground): grounds.append("\(policy.name): \(ground)")
            case .refused(let refusals): reasons += refusals.map { "\(policy.name): \($0)" }
            }
        }
        return reasons.isEmpty && grounds.count == policies.count
            ? .trusted(because: grounds.joined(separator: "; ")) : .refused(reasons: reasons)
    }
}

/// Accepts what one of some policies accepts, the first that does being the ground. Where there is none, nothing is accepted.
public struct AnyOf: TrustPolicy {
    private let policies: [any TrustPolicy]

    /// Any of `policies`.
    public init(_ policies: [any TrustPolicy]) { self.policies = policies }

    public var name: String { policies.listed(as: "any of") }

    public var identity: Digest { policies.identity(as: "any of") }

    public func judge(_ evidence: ImageEvidence) -> TrustDecision {
        guard !policies.isEmpty else { return .refused(reasons: ["no policy is there to accept it"]) }
        var reasons: [String] = []
        for policy in policies {
            switch policy.judge(evidence) {
            case .trusted(let ground): return .trusted(because: "\(policy.name): \(ground)")
            case .refused(let refusals): reasons += refusals.map { "\(policy.name): \($0)" }
            }
        }
        return .refused(reasons: reasons)
    }
}

extension [any TrustPolicy] {
    fileprivate func listed(as kind: String) -> String { "\(kind) (\(map(\.name).joined(separator: ", ")))" }

    /// Of identities with a fixed length, so that no two lists look alike.
    fileprivate func identity(as kind: String) -> Digest {
        Digest.of(([kind] + map(\.identity.hexadecimal)).joined(separator: "\n"))
    }
}

import Digests
import Synchronization

/// Remembers what policies said of images: checking a signature takes time, and the same images are looked at whenever the
/// store has changed.
///
/// A verdict is remembered with all that it was made of, and not with the image's digest alone: the same image may come
/// again by another way, or with another signature beside it.
public final class VerdictMemory: Sendable {
    private struct Question: Hashable {
        var evidence: ImageEvidence
        var policy: Digest
    }

    private struct Verdicts {
        var recent: [Question: TrustDecision] = [:]
        var older: [Question: TrustDecision] = [:]
    }

    private let verdicts = Mutex(Verdicts())
    private let capacity: Int

    /// A memory of at least the last `capacity` verdicts, and at most of twice as many.
    public init(capacity: Int = 16_384) { self.capacity = max(1, capacity) }

    /// What `policy` says of an image, asked only if it is not remembered.
    func decision(of policy: any TrustPolicy, on evidence: ImageEvidence) -> TrustDecision {
        let question = Question(evidence: evidence, policy: policy.identity)
        if let known = verdicts.withLock({ $0.recent[question] ?? $0.older[question] }) {
            note(known, on: question)
            return known
        }
        let decision = policy.judge(evidence)
        note(decision, on: question)
        return decision
    }

    private func note(_ decision: TrustDecision, on question: Question) {
        verdicts.withLock { verdicts in
            guard verdicts.recent.updateValue(decision, forKey: question) == nil else { return }
            guard verdicts.recent.count >= capacity else { return }
            verdicts.older = verdicts.recent
            verdicts.recent = [:]
        }
    }
}

/// A policy whose verdicts are remembered.
public struct RememberingPolicy: TrustPolicy {
    private let policy: any TrustPolicy
    private let memory: VerdictMemory

    /// `policy`, asked once about the same evidence as far as `memory` reaches.
    public init(_ policy: any TrustPolicy, memory: VerdictMemory = VerdictMemory()) {
        self.policy = policy
        self.memory = memory
    }

    public var name: String { policy.name }

    public var identity: Digest { policy.identity }

    public func judge(_ evidence: ImageEvidence) -> TrustDecision { memory.decision(of: policy, on: evidence) }
}

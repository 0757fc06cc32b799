import Digests

/// Decides whose images are used. A policy sees what is known of an image; that its bytes are whole has been checked before.
public protocol TrustPolicy: Sendable {
    /// The policy's name, for messages.
    var name: String { get }

    /// Names what the policy decides by: two policies with the same identity always say the same.
    var identity: Digest { get }

    /// Decides about one image. The same evidence always gets the same answer from the same policy: images are judged
    /// when they come and again each time they are taken out of the store, since the policy may have changed meanwhile.
    func judge(_ evidence: ImageEvidence) -> TrustDecision
}

extension TrustPolicy {
    /// That the policy accepts an image.
    ///
    /// - Throws: `TrustRefusal` with every reason why it does not.
    public func verify(_ evidence: ImageEvidence) throws(TrustRefusal) -> Verification {
        switch judge(evidence) {
        case .trusted(let grounds): return Verification(evidence: evidence, policy: name, grounds: grounds)
        case .refused(let reasons): throw TrustRefusal(subject: evidence.subject, policy: name, reasons: reasons)
        }
    }
}

/// What a policy says.
public enum TrustDecision: Hashable, Sendable {
    /// The image may be used, and why.
    case trusted(because: String)
    /// The image may not be used; all reasons.
    case refused(reasons: [String])
}

/// Accepts what the operator handed over: whoever may write into the store's folder decides what stands in it, and took
/// the layout from a source of his choice. Nothing is said about signatures.
public struct OperatorImportPolicy: TrustPolicy {
    /// A policy.
    public init() {}

    public var name: String { "operator import" }

    public var identity: Digest { Digest.of(name) }

    public func judge(_ evidence: ImageEvidence) -> TrustDecision {
        switch evidence.provenance.origin {
        case .operatorLayout(let path): .trusted(because: "the operator imported it from \(path)")
        case .operatorRegistry(let host): .trusted(because: "the operator had it fetched from \(host)")
        }
    }
}

extension TrustPolicy where Self == OperatorImportPolicy {
    /// Accepts what the operator imported from a layout.
    public static var operatorImport: OperatorImportPolicy { OperatorImportPolicy() }
}

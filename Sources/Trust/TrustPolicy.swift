/// Decides whose images are used. A policy sees where an image came from; that its bytes are whole has been checked before.
public protocol TrustPolicy: Sendable {
    /// The policy's name, for messages.
    var name: String { get }

    /// Decides about one image. The same provenance always gets the same answer from the same policy: images are judged
    /// when they come and again each time they are taken out of the store, since the policy may have changed meanwhile.
    func judge(_ provenance: ImageProvenance) -> TrustDecision
}

extension TrustPolicy {
    /// The policy's refusal of an image, or nil if it is trusted: for content that is judged before it is kept.
    public func refusal(of provenance: ImageProvenance) -> TrustRefusal? {
        switch judge(provenance) {
        case .trusted: nil
        case .refused(let reasons): TrustRefusal(subject: provenance.subject, policy: name, reasons: reasons)
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

    public func judge(_ provenance: ImageProvenance) -> TrustDecision {
        switch provenance.origin {
        case .operatorLayout(let path): .trusted(because: "the operator imported it from \(path)")
        }
    }
}

extension TrustPolicy where Self == OperatorImportPolicy {
    /// Accepts what the operator imported from a layout.
    public static var operatorImport: OperatorImportPolicy { OperatorImportPolicy() }
}

import Compositions
import Digests
import OCIModel
import Synchronization
import Testing
import Trust

/// A policy that says what a test wants, and counts how often it was asked.
final class Says: TrustPolicy {
    let name: String
    private let answer: @Sendable (ImageEvidence) -> TrustDecision
    private let count = Mutex(0)

    init(_ name: String, _ answer: @escaping @Sendable (ImageEvidence) -> TrustDecision) {
        self.name = name
        self.answer = answer
    }

    static func yes(_ name: String) -> Says { Says(name) { _ in .trusted(because: "\(name) knows it") } }
    static func no(_ name: String, _ reasons: [String]) -> Says { Says(name) { _ in .refused(reasons: reasons) } }

    var identity: Digest { Digest.of("says \(name)") }
    var asked: Int { count.withLock { $0 } }

    func judge(_ evidence: ImageEvidence) -> TrustDecision {
        count.withLock { $0 += 1 }
        return answer(evidence)
    }
}

func evidence(
    _ subject: String = "image", reference: String? = "ghcr.io/siderolabs/imager:v1.13.5", path: String = "/layout",
    signatures: [SignatureMaterial] = []
) -> ImageEvidence {
    ImageEvidence(
        ImageProvenance(subject: Digest.of(subject), reference: reference, origin: .operatorLayout(path: path)),
        signatures: signatures)
}

@Suite struct PolicyTests {
    @Test func theOperatorsImportIsTrustedAndSaysFromWhere() {
        let policy = OperatorImportPolicy()
        #expect(policy.judge(evidence(path: "/mnt/usb")) == .trusted(because: "the operator imported it from /mnt/usb"))
        // Trust by import says nothing of the name.
        #expect(policy.judge(evidence(reference: nil)) == .trusted(because: "the operator imported it from /layout"))
    }

    @Test func allOfNeedsEveryPolicyAndTellsEveryReason() {
        let (yes, also) = (Says.yes("a"), Says.yes("b"))
        #expect(AllOf([yes, also]).judge(evidence()) == .trusted(because: "a: a knows it; b: b knows it"))
        let (no, never) = (Says.no("c", ["one", "two"]), Says.no("d", ["three"]))
        #expect(
            AllOf([no, yes, never]).judge(evidence()) == .refused(reasons: ["c: one", "c: two", "d: three"]))
    }

    @Test func aRefusalWithoutReasonsIsOneAllTheSame() {
        #expect(AllOf([Says.yes("a"), Says.no("b", [])]).judge(evidence()) == .refused(reasons: []))
        #expect(AnyOf([Says.no("b", [])]).judge(evidence()) == .refused(reasons: []))
    }

    @Test func anyOfTakesTheFirstThatTrusts() {
        let (no, yes, unasked) = (Says.no("a", ["one"]), Says.yes("b"), Says.yes("c"))
        #expect(AnyOf([no, yes, unasked]).judge(evidence()) == .trusted(because: "b: b knows it"))
        #expect(unasked.asked == 0)
        #expect(AnyOf([no, Says.no("d", ["two"])]).judge(evidence()) == .refused(reasons: ["a: one", "d: two"]))
    }

    @Test func nothingIsTrustedWherePoliciesAreMissing() {
        for policy in [AllOf([]), AnyOf([])] as [any TrustPolicy] {
            guard case .refused(let reasons) = policy.judge(evidence()) else {
                Issue.record("\(policy.name) trusts")
                continue
            }
            #expect(!reasons.isEmpty)
        }
    }

    @Test func combinationsNest() {
        let policy = AllOf([OperatorImportPolicy(), AnyOf([Says.no("key", ["no signature"]), Says.yes("issuer")])])
        #expect(policy.name == "all of (operator import, any of (key, issuer))")
        guard case .trusted(let grounds) = policy.judge(evidence()) else {
            Issue.record("refused")
            return
        }
        #expect(grounds.contains("the operator imported it") && grounds.contains("issuer knows it"))
    }

    @Test func identitiesTellPoliciesApart() {
        let (a, b) = (Says.yes("a"), Says.yes("b"))
        let policies: [any TrustPolicy] = [
            a, b, AllOf([a, b]), AllOf([b, a]), AnyOf([a, b]), AllOf([a]), AllOf([]), AnyOf([]),
            AllOf([AllOf([a]), b]), OperatorImportPolicy(),
        ]
        #expect(Set(policies.map(\.identity)).count == policies.count)
        #expect(AllOf([a, b]).identity == AllOf([Says.yes("a"), Says.yes("b")]).identity)
    }

    @Test func imagesAndFilesAreVerifiedByTheEvidenceOfTheirImage() throws {
        let file = StoredFile(path: "/nonexistent", length: 1, digest: Digest.of("file"))
        let image = FetchedImage(
            evidence: evidence(), manifest: Digest.of("manifest"),
            configuration: ImageConfiguration(platform: Platform(os: "linux", architecture: "amd64"), diffIDs: []),
            layers: [ImageLayer(file: file, mediaType: .gzipLayer)])
        let kernel = FetchedFile(evidence: evidence(), file: file)
        let verified = try image.verified(by: .operatorImport)
        #expect(verified.manifest == image.manifest && verified.layers == image.layers)
        #expect(verified.verification.policy == "operator import" && verified.verification.evidence == evidence())
        #expect(try kernel.verified(by: .operatorImport).file == file)
        let nobody = Says.no("nobody", ["no", "never"])
        for verify in [{ _ = try image.verified(by: nobody) }, { _ = try kernel.verified(by: nobody) }] {
            let refusal = #expect(throws: TrustRefusal.self) { try verify() }
            #expect(
                refusal?.description == "\(evidence().subject) is refused by the policy 'nobody': no; never")
        }
    }
}

import Compositions
import Digests
import OCIModel
import Testing
import Trust

@Suite struct VerdictMemoryTests {
    @Test func theSameEvidenceIsJudgedOnce() {
        let (yes, no) = (Says.yes("a"), Says.no("b", ["never"]))
        for policy in [yes, no] {
            let remembering = RememberingPolicy(policy)
            #expect(remembering.name == policy.name && remembering.identity == policy.identity)
            let first = remembering.judge(evidence())
            for _ in 0..<5 { #expect(remembering.judge(evidence()) == first) }
            #expect(first == policy.judge(evidence()))
            #expect(policy.asked == 2)
        }
    }

    @Test func whateverTheEvidenceHasMoreOrLessIsJudgedAnew() {
        let signature = SignatureMaterial(
            mediaType: MediaType(rawValue: "application/vnd.dev.cosign.simplesigning.v1+json"),
            content: StoredFile(path: "/nonexistent", length: 1, digest: Digest.of("payload")),
            annotations: ["dev.cosignproject.cosign/signature": "MEUC"])
        var other = signature
        other.annotations = [:]
        let variants = [
            evidence(), evidence("another"), evidence(reference: nil), evidence(path: "/elsewhere"),
            evidence(signatures: [signature]), evidence(signatures: [other]), evidence(signatures: [signature, other]),
        ]
        // An image without its signature is refused, and its signature may come later.
        let policy = Says("signed") {
            $0.signatures.isEmpty ? .refused(reasons: ["unsigned"]) : .trusted(because: "is")
        }
        let remembering = RememberingPolicy(policy)
        for _ in 0..<2 {
            for variant in variants {
                let expected: TrustDecision =
                    variant.signatures.isEmpty ? .refused(reasons: ["unsigned"]) : .trusted(because: "is")
                #expect(remembering.judge(variant) == expected)
            }
        }
        #expect(policy.asked == variants.count)
    }

    @Test func policiesThatShareAMemoryDoNotShareVerdicts() {
        let memory = VerdictMemory()
        let (yes, no) = (Says.yes("a"), Says.no("b", ["never"]))
        for _ in 0..<2 {
            #expect(RememberingPolicy(yes, memory: memory).judge(evidence()) == .trusted(because: "a knows it"))
            #expect(RememberingPolicy(no, memory: memory).judge(evidence()) == .refused(reasons: ["never"]))
        }
        #expect(yes.asked == 1 && no.asked == 1)
    }

    @Test func theLastAreKeptAndTheMemoryHasAnEnd() {
        let policy = Says.yes("a")
        let remembering = RememberingPolicy(policy, memory: VerdictMemory(capacity: 10))
        for number in 0..<1000 { _ = remembering.judge(evidence("\(number)")) }
        #expect(policy.asked == 1000)
        for number in 990..<1000 { _ = remembering.judge(evidence("\(number)")) }
        #expect(policy.asked == 1000)
        // Twice the capacity at most.
        for number in 0..<979 { _ = remembering.judge(evidence("\(number)")) }
        #expect(policy.asked == 1979)
    }

    @Test func whatIsAskedOftenStays() {
        let policy = Says.yes("a")
        let remembering = RememberingPolicy(policy, memory: VerdictMemory(capacity: 10))
        for number in 0..<200 {
            _ = remembering.judge(evidence("often"))
            _ = remembering.judge(evidence("\(number)"))
        }
        #expect(policy.asked == 201)
    }
}

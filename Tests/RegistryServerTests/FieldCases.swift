import Foundation
import RegistryTesting
import VectorTesting

@testable import Registries

/// What a client has to make of a case.
enum Expected {
    /// These tags, in any order.
    case tags([String])
    /// A manifest or an index with one of these digests.
    case digest([String])
    /// Whatever was asked for, whole.
    case whole
    /// That it is there.
    case exists
    /// These, which refer to the image.
    case referrers([String])
    /// A refusal of one of these kinds, with these words in it.
    case failure([RegistryError.Code], [String] = [])
}

/// What is right in a case beside the result.
struct Rule {
    var expected: Expected
    /// Steps that must not happen, by their places.
    var traps: Set<Int> = []
    /// Servers that must not be asked anything.
    var untouched: Set<RegistryCase.Place> = []
    /// How many requests there may be in all.
    var requests = 0...60
    /// The least time it takes.
    var wait = Duration.zero
    /// Whether requests that the case does not tell of are all right.
    var isOpen = false
}

/// The rules of the cases that are known here, by name.
enum FieldRules {
    static let layer = "sha256:ab6c5f3237f551d208fc2ca5225a4cca20b3fd638794a804f0ed5549d5041734"
    static let manifest = "sha256:ff52edd78001c1a8cb23283f77d5f1b64590f223a84a402e391d540366426119"
    static let index = "sha256:dc698b9f9c562de434f5a4053d4cc48bdc30a0a3da03119d91928859ccd39030"
    static let bundle = "sha256:cd75ca30ee106034a7377f28ce00f030c5b2e5afd6bb562236699b0239288b58"

    private static let oneTag = Rule(expected: .tags(["v1"]))
    private static let refusedRealm = Rule(
        expected: .failure([.refusedRedirect, .badAnswer, .denied]), untouched: [.tokens, .other], requests: 1...1)

    static let all: [String: Rule] = [
        "challenge-basic-uppercase": oneTag, "challenge-two-header-lines": oneTag, "challenge-unquoted-realm": oneTag,
        "token-without-expiry": oneTag, "token-access-token-only": oneTag, "token-issued-at-future": oneTag,
        "token-issued-at-garbage": oneTag, "identity-token-needs-post": oneTag, "oauth-post-404-then-get": oneTag,
        "token-expires-during-pull": Rule(expected: .whole),
        "bearer-refused-with-basic-challenge": Rule(expected: .failure([.denied]), requests: 1...6),
        "expired-credential-on-public-image": Rule(
            expected: .failure([.denied], ["the place of these credentials"]), requests: 1...6, isOpen: true),
        "token-endpoint-private-or-missing": Rule(expected: .failure([.notFound, .denied]), requests: 2...3),
        "realm-http-downgrade": refusedRealm, "realm-file": refusedRealm,
        "token-server-redirect-loop": Rule(
            expected: .failure([.refusedRedirect, .badAnswer], ["{AUTH_HOST}"]), requests: 2...20),
        "token-answer-huge": Rule(expected: .failure([.tooLarge, .badAnswer], ["{AUTH_HOST}"]), requests: 2...4),
        "basic-user-with-dollar": Rule(expected: .whole),
        "link-relative": Rule(expected: .tags(["v1", "v2", "v3"])),
        "link-with-internal-path": Rule(expected: .tags(["v1", "v2", "v3"])),
        // The case ends with the link; that its page was asked for shows that it was followed over TLS.
        "link-http-behind-tls": Rule(expected: .failure([.badAnswer, .refusedRedirect]), requests: 2...4),
        "link-prev-and-next": Rule(expected: .tags(["v1", "v2"])),
        "link-circle": Rule(expected: .failure([.badAnswer, .refusedRedirect]), requests: 1...4),
        "tags-null": Rule(expected: .tags([])), "tags-extra-members": oneTag,
        "tags-of-missing-repository": Rule(expected: .failure([.notFound]), requests: 1...1),
        "tags-twice": Rule(expected: .tags(["v1", "v2"])),
        "accept-star-is-404": Rule(expected: .digest([index]), traps: [0]),
        "head-without-digest": Rule(expected: .digest([manifest])),
        "head-octet-stream": Rule(expected: .digest([manifest])),
        "digest-header-of-another-body": Rule(expected: .digest([manifest])),
        "pinned-digest-other-body": Rule(expected: .failure([.wrongContent])),
        "content-type-generic-json": Rule(expected: .digest([manifest])),
        "content-type-contradicts-body": Rule(expected: .failure([.badAnswer])),
        "empty-200": Rule(expected: .failure([.brokenAnswer, .badAnswer]), requests: 2...20),
        "head-and-get-lengths-differ": Rule(expected: .digest([manifest])),
        "x-gzip-label-on-layer": Rule(expected: .whole), "gzip-transport-on-blob": Rule(expected: .whole),
        "schema-platform-missing": Rule(expected: .failure([.notFound], ["linux/arm64", "linux/amd64"])),
        "redirect-s3-drops-authorization": Rule(expected: .whole, traps: [2]),
        "redirect-same-origin-relative": Rule(expected: .digest([index])),
        "presigned-url-refuses-head": Rule(expected: .exists, traps: [1], untouched: [.other]),
        "signed-url-expired-on-resume": Rule(expected: .whole),
        "redirect-loop": Rule(expected: .failure([.refusedRedirect]), requests: 2...10),
        "redirect-to-metadata-address": Rule(
            expected: .failure([.refusedRedirect], ["169.254.169.254"]), requests: 1...1),
        "range-answered-200": Rule(expected: .whole), "range-open-end-416": Rule(expected: .whole, traps: [1]),
        // All bytes are there before: nothing is asked.
        "range-416-with-false-length": Rule(expected: .whole, traps: [0], requests: 0...0),
        "stream-reset-in-body": Rule(expected: .whole),
        "blob-wrong-bytes": Rule(expected: .failure([.wrongContent])),
        "blob-length-contradicts-descriptor": Rule(expected: .failure([.wrongContent])),
        "blob-drip": Rule(expected: .failure([.timedOut])),
        "foreign-layer-urls": Rule(expected: .whole, traps: [1], untouched: [.other], isOpen: true),
        "digest-is-a-path": Rule(expected: .failure([], ["digest"]), requests: 1...4, isOpen: true),
        "retry-after-seconds": Rule(expected: .whole, requests: 2...2, wait: .seconds(2)),
        "retry-after-date": Rule(expected: .failure([.rateLimited]), requests: 1...1),
        "hub-pull-limit": Rule(expected: .failure([.rateLimited]), requests: 1...2),
        "mirror-gone-falls-back": Rule(expected: .digest([manifest])),
        "mirror-with-path": Rule(expected: .digest([manifest])),
        "ecr-cache-not-by-digest": Rule(expected: .digest([index]), untouched: [.registry]),
        "cache-upstream-gone": Rule(expected: .whole),
        "mirror-rewrote-manifest": Rule(expected: .digest([index])),
        "referrers-404-text": Rule(expected: .referrers([bundle])),
        "referrers-303-to-web": Rule(expected: .referrers([bundle]), traps: [1], untouched: [.other]),
        "referrers-406": Rule(expected: .referrers([bundle])), "referrers-200-html": Rule(expected: .referrers([])),
        "dash-tag-is-the-subject": Rule(expected: .referrers([])),
        "referrers-filter-not-applied": Rule(expected: .referrers([bundle]), isOpen: true),
        "referrers-paged": Rule(expected: .referrers([bundle])),
        "referrers-flood": Rule(expected: .failure([.tooLarge])),
        "http-to-tls-port": Rule(expected: .failure([.badAnswer, .unreachable, .unsupported], ["TLS"])),
    ]

    /// Operations that no client here has yet: pushing comes with the stores that need it.
    static let operationsNotBuilt: Set<String> = ["push", "mount", "delete"]

    /// Cases that are about what is made of what a client has brought, and who has to hold them.
    static let heldElsewhere: [String: String] = [
        "signature-blob-huge": "the judges of signatures, who bound what they read"
    ]

    /// All cases of registries.
    static let cases = Result {
        try VectorFile.registries.lines(RegistryCase.self).filter {
            $0.kind != "helper" && !operationsNotBuilt.contains($0.op ?? "")
        }
    }
}

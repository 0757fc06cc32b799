import CodecTesting
import NetworkTypes
import Testing

@testable import Registries

@Suite struct ChallengeTests {
    @Test(arguments: ["BASIC realm=\"Nexus, its=realm\"", "basic realm=/", "Basic   realm = \"a\\\"b\"", "Basic"])
    func schemesAreReadInAnyForm(_ field: String) {
        #expect(Challenge.all(in: [field]).map(\.scheme) == ["basic"])
    }

    @Test func valuesWithoutQuotesEndAtACommaOrASpace() {
        let challenge = Challenge.all(in: ["Basic realm=/,charset=UTF-8 x=y"])
        #expect(challenge.first?.parameters == ["realm": "/", "charset": "UTF-8", "x": "y"])
    }

    @Test func parametersBelongToTheSchemeBeforeThem() {
        let challenges = Challenge.all(in: [
            #"Negotiate YIIabc==, Basic realm="reg", Bearer realm="https://a/t",scope="repository:a/b:pull,push r:c:pull""#
        ])
        #expect(challenges.map(\.scheme).filter { ["basic", "bearer"].contains($0) } == ["basic", "bearer"])
        #expect(challenges.first { $0.scheme == "basic" }?["realm"] == "reg")
        let bearer = challenges.first { $0.scheme == "bearer" }
        #expect(bearer?["realm"] == "https://a/t")
        #expect(bearer?["scope"] == "repository:a/b:pull,push r:c:pull")
    }

    @Test func everyFieldIsRead() {
        #expect(Challenge.all(in: ["Negotiate", #"Basic realm="reg""#]).map(\.scheme) == ["negotiate", "basic"])
    }

    @Test func theFirstOfTwoRealmsCounts() {
        #expect(Challenge.all(in: ["Bearer realm=a,REALM=b"]).first?["realm"] == "a")
    }

    @Test func anyBytesAreRead() {
        let sample = #"Negotiate, Bearer realm="https://a/t\"x",service=s,scope="repository:a/b:pull", Basic realm=/"#
        exerciseDecoder(on: Array(sample.utf8)) { bytes in
            let challenges = Challenge.all(in: [String(decoding: bytes, as: UTF8.self)])
            #expect(challenges.count <= Challenge.limit)
        }
        #expect(Challenge.all(in: [String(repeating: "a ", count: 100_000)]).count == Challenge.limit)
    }

    static let registry = try? RegistryURL(parsing: "https://reg.example/v2/a/b/tags/list")

    @Test(arguments: [
        "http://auth.example/token", "file:///etc/passwd", "ftp://auth.example/", "https://169.254.169.254/t",
        "https://127.0.0.1/t", "https://10.0.0.1/t", "https://[::1]/t", "https://u:p@auth.example/t", "https:///t", "",
        "https://localhost/t", "https://[fd00:ec2::254]/t",
    ])
    func aRealmThatCouldBeATrapIsNotAsked(_ realm: String) throws {
        let registry = try #require(Self.registry)
        let challenges = Challenge.all(in: ["Bearer realm=\"\(realm)\",service=s"])
        #expect(throws: RegistryError.self) {
            try AuthenticationScheme(challenges, from: registry, request: "reg.example")
        }
        // With another way beside it, that is taken.
        let both = challenges + Challenge.all(in: ["Basic realm=x"])
        #expect(try AuthenticationScheme(both, from: registry, request: "") == .basic)
    }

    @Test func aRealmMayBeElsewhereOrRelative() throws {
        let registry = try #require(Self.registry)
        func realm(_ text: String) throws -> String? {
            let challenges = Challenge.all(in: ["Bearer realm=\"\(text)\""])
            guard case .bearer(let realm, nil)? = try AuthenticationScheme(challenges, from: registry, request: "")
            else {
                return nil
            }
            return realm.text
        }
        #expect(try realm("https://auth.example/token?x=%2F") == "https://auth.example/token?x=%2F")
        #expect(try realm("/token") == "https://reg.example/token")
        let lan = try RegistryURL(parsing: "http://10.0.0.1:5000/v2/")
        let scheme = try AuthenticationScheme(
            Challenge.all(in: ["Bearer realm=\"http://10.0.0.1:5001/t\",service=\"\""]), from: lan, request: "")
        #expect(scheme == .bearer(realm: try RegistryURL(parsing: "http://10.0.0.1:5001/t"), service: ""))
    }

    @Test func oneAnswerForEachReason() {
        let bearer = Challenge.all(in: ["Bearer realm=a"])
        let basic = Challenge.all(in: ["Basic realm=a"])
        let scope = Challenge.all(in: ["Bearer realm=a,error=\"insufficient_scope\""])
        #expect(RefusalCause(bearer, shown: .nothing) == .nothingShown)
        #expect(RefusalCause(bearer, shown: .bearer("t")) == .expired)
        #expect(RefusalCause(scope, shown: .bearer("t")) == .insufficientScope)
        #expect(RefusalCause(basic, shown: .bearer("t")) == .basicWanted)
        #expect(RefusalCause(basic, shown: .basic("x")) == nil)
        #expect(RefusalCause([], shown: .nothing) == nil)
    }
}

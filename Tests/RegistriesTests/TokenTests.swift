import CodecTesting
import Testing

@testable import Registries

@Suite struct TokenTests {
    static func read(_ text: String) -> TokenAnswer? { TokenAnswer(Array(text.utf8)) }

    @Test(arguments: [
        (#"{"token":"T"}"#, 60), (#"{"access_token":"T","expires_in":300}"#, 300),
        (#"{"token":"T","expires_in":0}"#, 60),
        (#"{"token":"T","expires_in":-5}"#, 60), (#"{"token":"T","expires_in":"3600"}"#, 3600),
        (#"{"token":"","access_token":"T","expires_in":null}"#, 60), (#"{"token":"T","expires_in":9e99}"#, 60),
        (#"{"token":"T","expires_in":9223372036854775807,"issued_at":"garbage"}"#, 86400),
    ])
    func aTokenHasALifetime(_ text: String, _ seconds: Int) {
        #expect(Self.read(text)?.token == "T")
        #expect(Self.read(text)?.lifetime == .seconds(seconds))
    }

    @Test(arguments: ["", "{}", #"{"token":""}"#, #"{"token":7}"#, #"["token"]"#, #"{"token":"a\r\nHost: b"}"#])
    func whatHasNoTokenIsNone(_ text: String) { #expect(Self.read(text) == nil) }

    @Test func anyBytesAreRead() {
        exerciseDecoder(
            on: Array(#"{"token":"T","access_token":"U","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}"#.utf8)
        ) {
            if let answer = TokenAnswer(Array($0)) { #expect(answer.lifetime >= .seconds(60)) }
        }
    }

    @Test func scopesAreMergedPerRepository() {
        let scopes = Scopes(
            parsing: "repository:a/b:pull,push  repository:c/d:pull repository:a/b:pull registry:x nothing")
        #expect(scopes.texts == ["repository:a/b:pull,push", "repository:c/d:pull", "registry:x"])
        #expect(scopes.merging(.pull("a/b")) == scopes)
        #expect(Scopes(parsing: "repository:user/image:pull").merging(.pull("a/b")) == .pull("a/b"))
        #expect(
            Scopes(parsing: "repository:n:push").merging(.pull("a")).texts == [
                "repository:n:push", "repository:a:pull",
            ])
        #expect(Scopes(parsing: "a:b:x,y c:d:z") == Scopes(parsing: "c:d:z a:b:y,x"))
        #expect(Scopes(parsing: "[fe80::1]:5000/a:pull").texts == ["[fe80::1]:5000/a:pull"])
        #expect(Scopes(parsing: String(repeating: "", count: 0)).texts.isEmpty)
    }

    @Test func aTokenIsAskedForWithOneFieldPerResource() throws {
        let realm = try RegistryURL(parsing: "https://auth.example/token")
        let scopes = Scopes(parsing: "repository:a/b:pull repository:c/d:pull,push")
        let request = TokenRequest(realm: realm, service: "a b&c", scopes: scopes)
        #expect(
            request.url(account: "robot$p+n").text
                == "https://auth.example/token?service=a%20b%26c&scope=repository:a/b:pull&scope=repository:c/d:pull,push"
                + "&client_id=slipway&account=robot%24p%2Bn")
        #expect(
            request.form(refreshToken: "R/=")
                == "grant_type=refresh_token&refresh_token=R/%3D&service=a%20b%26c"
                + "&scope=repository:a/b:pull%20repository:c/d:pull,push&client_id=slipway")
        let own = TokenRequest(realm: realm.with(target: "/t?x=%2f"), service: nil, scopes: Scopes())
        #expect(own.url(account: nil).text == "https://auth.example/t?x=%2f&client_id=slipway")
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("robot$p+n:s:ec", "cm9ib3QkcCtuOnM6ZWM="),
        ("ü~", "w7x+"),
    ])
    func base64IsThatOfRFC4648(_ text: String, _ encoded: String) { #expect(Base64.encoded(text) == encoded) }
}

import CodecTesting
import NIOHTTP1
import Testing

@testable import Registries

@Suite struct RegistryURLTests {
    @Test(arguments: [
        "https://s3.example/b%3Ac/d%2Fe?X-Amz-Signature=a+b%2B&x=/?", "http://[fd00::1]:5000/v2/", "https://a/?",
        "https://a/%zz",
    ])
    func whatIsSignedStaysAsItIs(_ text: String) throws { #expect(try RegistryURL(parsing: text).text == text) }

    @Test(arguments: [
        ("https://other/x?y", "https://other/x?y"), ("//other:1/x", "https://other:1/x"),
        ("/x%2Fy?z#f", "https://reg:5/x%2Fy?z"),
        ("x", "https://reg:5/v2/a/x"), ("../x?y=../z", "https://reg:5/v2/x?y=../z"),
        ("?q=1", "https://reg:5/v2/a/b?q=1"),
        ("./", "https://reg:5/v2/a/"), ("../../../../x", "https://reg:5/x"), ("", "https://reg:5/v2/a/b?n=1"),
        ("x?u=http://h/", "https://reg:5/v2/a/x?u=http://h/"), ("https://other?x", "https://other/?x"),
    ])
    func referencesAreResolved(_ reference: String, _ expected: String) throws {
        let base = try RegistryURL(parsing: "https://reg:5/v2/a/b?n=1")
        #expect(try base.resolving(reference).text == expected)
    }

    @Test(arguments: [
        "file:///etc/passwd", "https://u@h/", "https://h /", "https://h/\r\nX: y", "https://", "ht tp://h/", "data:x",
        "https://0/",
        "https://h/ü", "https://h\\@other/",
    ])
    func whatIsNoURLIsRefused(_ text: String) throws {
        let base = try RegistryURL(parsing: "https://reg/v2/")
        #expect(throws: URLFault.self) { try base.resolving(text) }
    }

    @Test func anOriginHasASchemeAHostAndAPort() throws {
        func origin(_ text: String) throws -> RegistryURL.Origin { try RegistryURL(parsing: text).origin }
        #expect(try origin("https://REG/x") == origin("https://reg:443/y"))
        #expect(try origin("https://reg/") != origin("http://reg/"))
        #expect(try origin("https://reg/") != origin("https://reg:444/"))
        #expect(try RegistryURL(parsing: "https://h/p?X-Amz-Signature=hush").shown == "https://h/p")
    }

    @Test func anyBytesAreRead() throws {
        let base = try RegistryURL(parsing: "https://reg/v2/a?b")
        for sample in ["https://s3.example:443/a/../b%3A?x=y#z", "../.././x/?y", "//[::1]:8/"] {
            exerciseDecoder(on: Array(sample.utf8)) { bytes in
                let url = try base.resolving(String(decoding: bytes, as: UTF8.self))
                #expect(url.target.utf8.first == UInt8(ascii: "/"))
            }
        }
    }

    static let cases: [(from: String, to: String, reach: AddressClass, isFollowed: Bool)] = [
        ("https://ghcr.io/", "https://storage.example/", .global, true),
        ("https://ghcr.io/", "http://storage.example/", .global, false),
        ("https://ghcr.io/", "https://169.254.169.254/", .global, false),
        ("https://ghcr.io/", "https://127.0.0.1/", .global, false),
        ("https://ghcr.io/", "https://[::ffff:10.0.0.1]/", .global, false),
        ("http://10.0.0.1/", "http://10.0.0.2/", .site, true),
        ("http://10.0.0.1/", "http://169.254.169.254/", .site, false),
        ("http://10.0.0.1/", "http://127.0.0.1/", .site, false),
        ("http://127.0.0.1:1/", "http://127.0.0.1:2/", .loopback, true),
        ("http://127.0.0.1:1/", "http://169.254.169.254/", .loopback, false),
        ("http://127.0.0.1:1/", "https://storage.example/", .loopback, true),
    ]

    @Test(arguments: cases)
    func nobodyIsLedIntoATrap(_ from: String, _ to: String, _ reach: AddressClass, _ isFollowed: Bool) throws {
        let obstacle = try RedirectPolicy.obstacle(
            from: RegistryURL(parsing: from), to: RegistryURL(parsing: to), reach: reach)
        #expect((obstacle == nil) == isFollowed)
    }

    @Test func whatShowsWhoAsksStaysAtHome() throws {
        let exchange = Exchange(
            .GET, try RegistryURL(parsing: "https://reg/v2/"),
            headers: ["Authorization": "Bearer T", "Cookie": "c", "Range": "bytes=1-2"])
        let away = Redirect.exchange(exchange, to: try RegistryURL(parsing: "https://sub.reg/x"))
        #expect(away.headers.map(\.name) == ["Range"])
        let home = Redirect.exchange(exchange, to: try RegistryURL(parsing: "https://reg:443/x"))
        #expect(home.headers.count == 3)
    }
}

import CodecTesting
import NIOHTTP1
import Testing

@testable import Registries

@Suite struct FieldTests {
    @Test(arguments: [
        ("</v2/N/tags/list?n=2&last=v2>; rel=\"next\"", "/v2/N/tags/list?n=2&last=v2"), ("</a,b;c>;rel=next", "/a,b;c"),
        ("</p>; rel=\"prev\" , </n>; title=\"a, <b>; rel=next\"; rel=\"next\"", "/n"),
        ("</n>; REL = \"last next\"", "/n"),
        ("<a>; rel=\"nextish\"", nil), ("</a>", nil), ("</a; rel=next", nil), ("rel=next", nil), ("", nil),
        ("</a>; title=\"rel=next", nil),
    ])
    func aListGoesOnAtNext(_ field: String, _ expected: String?) { #expect(LinkField.next(in: [field]) == expected) }

    @Test func everyLinkIsRead() { #expect(LinkField.next(in: ["</p>; rel=prev", "</n>; rel=next"]) == "/n") }

    @Test func rangesAreRead() {
        let range = ByteRange.Content(parsing: "bytes 400-999/1000")
        #expect(range?.first == 400 && range?.last == 999 && range?.total == 1000)
        #expect(ByteRange.Content(parsing: "Bytes 0-0/*")?.total == nil)
        #expect(ByteRange.Content(parsing: "Bytes 0-0/*") != nil)
        for text in [
            "", "bytes", "bytes 1-0/2", "bytes 0-2/2", "items 0-1/2", "bytes */1000", "bytes 0-1", "bytes 0-1/2/3",
            "bytes -1-2/3",
            "bytes 0-99999999999999999999/*", "bytes 0-1/ 2",
        ] { #expect(ByteRange.Content(parsing: text) == nil, "\(text)") }
        #expect(ByteRange.field(from: 400, size: 1000) == "bytes=400-999")
    }

    static let answers: [(Int, HTTPHeaders, offset: UInt64, expected: BlobAnswer)] = [
        (200, [:], 0, .whole(encoding: nil, length: nil)),
        (200, ["Content-Length": "1000"], 400, .whole(encoding: nil, length: 1000)),
        (200, ["Content-Encoding": "gzip", "Content-Length": "7"], 0, .whole(encoding: "gzip", length: 7)),
        (200, ["Content-Encoding": "identity"], 0, .whole(encoding: nil, length: nil)),
        (206, ["Content-Range": "bytes 400-999/1000"], 400, .rest(end: 1000)),
        (206, ["Content-Range": "bytes 400-499/*", "Content-Length": "100"], 400, .rest(end: 500)),
        (416, [:], 400, .noSuchRange),
        (416, [:], 0, .failure), (404, [:], 400, .failure), (500, ["Content-Length": "3"], 0, .failure),
    ]

    @Test(arguments: answers)
    func answersForBlobs(_ status: Int, _ headers: HTTPHeaders, _ offset: UInt64, _ expected: BlobAnswer) {
        #expect(BlobAnswer(status: status, headers: headers, offset: offset, size: 1000) == expected)
    }

    static let contradictions: [(Int, HTTPHeaders)] = [
        (200, ["Content-Length": "999"]), (200, ["Content-Length": "-1"]), (206, [:]),
        (206, ["Content-Range": "bytes 0-999/1000"]),
        (206, ["Content-Range": "bytes 400-1000/1001"]), (206, ["Content-Range": "bytes 400-999/2000"]),
        (206, ["Content-Range": "bytes 400-999/1000", "Content-Length": "5"]),
        (206, ["Content-Type": "multipart/byteranges; boundary=x"]),
    ]

    @Test(arguments: contradictions)
    func contradictionsAreSeen(_ status: Int, _ headers: HTTPHeaders) {
        guard case .contradiction = BlobAnswer(status: status, headers: headers, offset: 400, size: 1000) else {
            Issue.record("\(status) \(headers) is taken")
            return
        }
        #expect(
            BlobAnswer(status: 206, headers: ["Content-Range": "bytes 0-9/10"], offset: 0, size: 10) != .rest(end: 10))
    }

    static let paces: [(HTTPHeaders, String, Duration?)] = [
        (["Retry-After": "2"], "", .seconds(2)), (["Retry-After": "0"], "", .zero), ([:], "", nil),
        (["Retry-After": "soon"], "", nil),
        (["Retry-After": "99999999999999999999"], "", nil),
        (["Retry-After": "9999999999999"], "", RetryAfter.longest),
        (["Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"], "", .seconds(30)),
        (["Retry-After": "Wed, 21 Oct 2026 07:27:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"], "", .zero),
        (["ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600"], "", .seconds(21600)),
        (["ratelimit-limit": "100;w=21600", "ratelimit-remaining": "7;w=21600"], "", nil),
        ([:], "toomanyrequests: retry-after: 1m1.5s, allowed: 44000/minute", .milliseconds(61500)),
        ([:], #"{"errors":[{"message":"retry-after: 880.092µs, allowed: 44000/minute"}]}"#, .nanoseconds(880092)),
    ]

    @Test(arguments: paces)
    func registriesSayHowLongToWait(_ headers: HTTPHeaders, _ body: String, _ expected: Duration?) {
        #expect(RetryAfter(headers: headers, body: Array(body.utf8))?.wait == expected)
    }

    @Test func datesAreCounted() {
        #expect(HTTPDate.seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(HTTPDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDate.seconds("Thu, 29 Feb 2024 23:59:59 GMT") == 1_709_251_199)
        #expect(HTTPDate.seconds("Fri, 31 Dec 9999 23:59:59 GMT") == 253_402_300_799)
        for text in ["", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT"] {
            #expect(HTTPDate.seconds(text) == nil)
        }
    }

    @Test func anyBytesAreRead() {
        let samples = [
            "</p>; rel=\"prev\", </n>; title=\"\\\"x\"; rel=\"next\"", "bytes 400-999/1000",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "retry-after: 1h2m880.092µs", "100;w=21600", "12",
        ]
        for sample in samples {
            exerciseDecoder(on: Array(sample.utf8)) { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                if let link = LinkField.next(in: [text]) { #expect(text.contains(link)) }
                if let range = ByteRange.Content(parsing: text) { #expect(range.first <= range.last) }
                let headers: HTTPHeaders = ["retry-after": text, "ratelimit-limit": text, "ratelimit-remaining": "0"]
                if let wait = RetryAfter(headers: headers, body: Array(bytes))?.wait {
                    #expect(wait >= .zero && wait <= RetryAfter.longest)
                }
            }
        }
    }
}

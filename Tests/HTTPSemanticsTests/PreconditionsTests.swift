import CodecTesting
import HTTPSemantics
import HTTPTypes
import Testing

@Suite struct PreconditionsTests {
    let validators = Validators(entityTag: "\"abc\"", modified: HTTPDate(secondsSinceEpoch: 784_111_777))
    static let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    static let earlier = "Sun, 06 Nov 1994 08:49:36 GMT"

    @Test(arguments: [
        (HTTPField.Name.ifNoneMatch, "\"abc\"", Validators.Verdict.notModified),
        (.ifNoneMatch, "W/\"abc\"", .notModified), (.ifNoneMatch, "\"x\", \"abc\"", .notModified),
        (.ifNoneMatch, "*", .notModified),
        (.ifNoneMatch, "\"x\"", .proceed(honouringRange: true)), (.ifMatch, "\"abc\"", .proceed(honouringRange: true)),
        (.ifMatch, "*", .proceed(honouringRange: true)), (.ifMatch, "W/\"abc\"", .failed), (.ifMatch, "\"x\"", .failed),
        (.ifModifiedSince, date, .notModified), (.ifModifiedSince, earlier, .proceed(honouringRange: true)),
        (.ifModifiedSince, "yesterday", .proceed(honouringRange: true)),
        (.ifUnmodifiedSince, date, .proceed(honouringRange: true)),
        (.ifUnmodifiedSince, earlier, .failed), (.ifRange, "\"abc\"", .proceed(honouringRange: true)),
        (.ifRange, "\"x\"", .proceed(honouringRange: false)), (.ifRange, "W/\"abc\"", .proceed(honouringRange: false)),
        (.ifNoneMatch, "\u{301}*", .proceed(honouringRange: true)),
        (.ifNoneMatch, "*,\u{301}x", .notModified), (.ifNoneMatch, "\"x\",\u{301}, \"abc\"", .notModified),
        (.ifNoneMatch, "W/\u{301}", .proceed(honouringRange: true)),
        (.ifRange, "W/\u{301}", .proceed(honouringRange: false)),
        (.ifRange, "\"\u{301}", .proceed(honouringRange: false)),
        (.ifRange, date, .proceed(honouringRange: true)), (.ifRange, earlier, .proceed(honouringRange: false)),
    ])
    func condition(name: HTTPField.Name, value: String, expected: Validators.Verdict) {
        #expect(validators.evaluate([name: value]) == expected)
    }

    @Test func tagsOutrankDates() {
        #expect(
            validators.evaluate([.ifNoneMatch: "\"x\"", .ifModifiedSince: Self.date]) == .proceed(honouringRange: true))
        #expect(
            validators.evaluate([.ifMatch: "\"abc\"", .ifUnmodifiedSince: Self.earlier])
                == .proceed(honouringRange: true))
    }

    @Test func conditionsOfAnyBytesHaveAVerdict() {
        for (name, sample) in [
            (HTTPField.Name.ifMatch, "\"x\", \"abc\", *"), (.ifNoneMatch, "W/\"abc\",\"x\""), (.ifRange, "\"abc\""),
            (.ifModifiedSince, Self.date), (.ifUnmodifiedSince, Self.date), (.ifRange, Self.date),
        ] {
            exerciseDecoder(on: Array(sample.utf8)) { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                _ = validators.evaluate([name: text])
                if let date = HTTPDate(parsing: text) { #expect(HTTPDate(parsing: date.description) == date) }
            }
        }
    }

    @Test(arguments: [
        "Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov +994 08:49:37 GMT", "Sun, 06 Nov 1994 +8:49:37 GMT",
        "Sun, 06 Nov 1994 08::49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\u{301}", "Sun, 06 Nov 01994 08:49:37 GMT",
        "Sun\u{301}, 06 Nov 1994 08:49:37 gmt", "Fri, 31 Dec 9999 23:59:60 GMT", "", " ", ",,,,,,",
    ])
    func whatIsNoDateIsNone(text: String) { #expect(HTTPDate(parsing: text) == nil) }

    @Test func datesRoundTrip() {
        for seconds: Int64 in [0, 951_782_400, 784_111_777, 1_559_424_892, 4_107_542_400, 253_402_300_799] {
            let date = HTTPDate(secondsSinceEpoch: seconds)
            #expect(HTTPDate(parsing: date.description) == date)
        }
        #expect(HTTPDate(secondsSinceEpoch: 784_111_777).description == Self.date)
        #expect(HTTPDate(secondsSinceEpoch: 951_782_400).description == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(HTTPDate(parsing: "Sunday, 06-Nov-94 08:49:37 GMT") == nil)
    }
}

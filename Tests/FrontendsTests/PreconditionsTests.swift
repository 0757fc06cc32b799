import HTTPTypes
import Testing

@testable import Frontends

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

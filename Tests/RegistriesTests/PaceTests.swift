import NIOHTTP1
import Testing

@testable import Registries

@Suite struct PaceTests {
    static let policy = RetryPolicy(attempts: 4, firstWait: .seconds(1), longestWait: .seconds(60))

    static func error(_ code: RegistryError.Code, _ retryAfter: Duration? = nil) -> RegistryError {
        RegistryError(code, "", retryAfter: retryAfter)
    }

    @Test func waitsDouble() throws {
        for (failures, seconds) in [(1, 1.0), (2, 2), (3, 4)] {
            for jitter in [0.0, 0.5, 1] {
                let wait = try #require(
                    Self.policy.wait(afterFailures: failures, Self.error(.unavailable), jitter: jitter))
                #expect(wait >= .seconds(seconds / 2) && wait <= .seconds(seconds))
            }
        }
        #expect(Self.policy.wait(afterFailures: 4, Self.error(.unavailable), jitter: 0) == nil)
        let patient = RetryPolicy(attempts: .max, firstWait: .seconds(1), longestWait: .seconds(60))
        #expect(patient.wait(afterFailures: .max - 1, Self.error(.timedOut), jitter: 1) == .seconds(60))
    }

    @Test func nobodyComesSoonerThanAsked() throws {
        for jitter in [0.0, 1] {
            let wait = try #require(
                Self.policy.wait(afterFailures: 1, Self.error(.rateLimited, .seconds(20)), jitter: jitter))
            #expect(wait >= .seconds(20) && wait <= .seconds(21))
            let soon = try #require(
                Self.policy.wait(afterFailures: 1, Self.error(.rateLimited, .nanoseconds(880_092)), jitter: jitter))
            #expect(soon >= RetryPolicy.floor)
        }
        #expect(Self.policy.wait(afterFailures: 1, Self.error(.unavailable, .seconds(61)), jitter: 0) == nil)
    }

    @Test func whatIsFinalIsNotTriedAgain() {
        let final: [RegistryError.Code] = [
            .invalidName, .credentials, .notFound, .denied, .badAnswer, .tooLarge, .wrongContent, .refusedRedirect,
            .unsupported,
        ]
        for code in final { #expect(Self.policy.wait(afterFailures: 1, Self.error(code), jitter: 0) == nil) }
    }

    @Test func aDripIsTooSlow() {
        var floor = RateFloor(bytesPerSecond: 100, window: .seconds(10))
        let drip = (0..<10).map { _ in floor.add(10, waited: .seconds(1)) }
        #expect(drip == Array(repeating: true, count: 9) + [false])
        var quick = RateFloor(bytesPerSecond: 100, window: .seconds(10))
        let stream = (0..<100).map { _ in quick.add(150, waited: .seconds(1)) }
        #expect(stream.allSatisfy { $0 })
        // What comes without being waited for is never slow.
        let burst = (0..<100).map { _ in quick.add(1, waited: .zero) }
        #expect(burst.allSatisfy { $0 })
    }

    @Test func aGateIsForOneRegistry() async throws {
        let gate = HostGate()
        let one = try RegistryURL(parsing: "https://a/").origin
        let other = try RegistryURL(parsing: "https://b/").origin
        await gate.close(one, for: .seconds(60))
        await gate.close(one, for: .seconds(1))
        #expect(try #require(await gate.wait(for: one)) > .seconds(50))
        #expect(await gate.wait(for: other) == nil)
        await gate.close(other, for: .zero)
        #expect(await gate.wait(for: other) == nil)
        for number in 0..<1000 {
            await gate.close(try RegistryURL(parsing: "https://h\(number)/").origin, for: .milliseconds(number))
        }
        #expect(await gate.wait(for: one) != nil)
    }

    static let statuses: [(Int, String, RegistryError.Code)] = [
        (400, "Client sent an HTTP request to an HTTPS server.\n", .badAnswer), (401, "", .denied),
        (403, "<html>", .denied),
        (404, "404 page not found\n", .notFound), (405, "", .unsupported), (416, "", .badAnswer),
        (429, "", .rateLimited),
        (500, #"{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{}}]}"#, .unavailable),
        (502, "", .unavailable),
        (400, #"{"errors":[{"code":"NAME_UNKNOWN"}]}"#, .notFound), (418, "", .badAnswer), (304, "", .badAnswer),
    ]

    @Test(arguments: statuses)
    func theStatusDecides(_ status: Int, _ body: String, _ code: RegistryError.Code) {
        let error = RegistryError(
            status: status, headers: [:], body: Array(body.utf8), request: "reg.example, asked for a,")
        #expect(error.code == code)
        #expect(error.message.hasPrefix("reg.example, asked for a, answers \(status)"))
        #expect(error.status == status)
    }

    @Test func whatStrangersSayIsShort() {
        let message = "a\u{1B}[31m\r\n\u{202E}" + String(repeating: "x", count: 10_000)
        let body =
            #"{"errors":[{"code":"DENIED","message":"\#(message.replacing("\r\n", with: "\\r\\n").replacing("\u{1B}", with: "\\u001b"))"}]}"#
        for bytes in [Array(body.utf8), Array(message.utf8), [0xFF, 0xFE, 0]] {
            let shown = ErrorBody(bytes).shown ?? ""
            #expect(shown.unicodeScalars.count < 300)
            #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
        }
        #expect(ErrorBody(Array(#"{"errors":[{"code":"DENIED","message":"no"}]}"#.utf8)).shown == "DENIED: no")
        #expect(ErrorBody(Array("<html>".utf8)).shown == nil)
        #expect(ErrorBody([]).shown == nil)
        #expect(ErrorBody(Array("{}".utf8)).shown == nil)
    }

    @Test func whenItWantsToBeAskedAgainIsSaid() {
        let error = RegistryError(
            status: 429,
            headers: [
                "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600",
                "docker-ratelimit-source": "192.0.2.1",
            ],
            body: [], request: "docker.io")
        for word in ["100 requests", "21600 s", "192.0.2.1", "6 hours"] { #expect(error.message.contains(word)) }
    }
}

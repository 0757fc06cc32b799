import Testing

@testable import Frontends

@Suite struct DispositionTests {
    @Test(arguments: [
        ("a.iso", "attachment; filename=\"a.iso\""), ("a\"b\\c", "attachment; filename=\"a\\\"b\\\\c\""),
        ("a\r\nX: y", "attachment; filename=\"a__X: y\""), ("ü", "attachment; filename=\"_\""),
    ])
    func fileNamesCannotLeaveTheirQuotes(name: String, expected: String) {
        #expect(CompositionResponse.attachment(named: name) == expected)
    }
}

import Foundation
import Testing

/// The systemd unit, judged by systemd itself.
@Suite struct UnitFileTests {
    private static let path = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "../../systemd/slipway.service"
    ).standardizedFileURL.path

    @Test func exposureStaysBelowItsLimit() throws {
        // The threshold is in tenths; systemd-analyze(1) fails above it.
        let program = try Program(
            command: [
                "/usr/bin/systemd-analyze", "security", "--offline=yes", "--threshold=17", "--no-pager", Self.path,
            ])
        #expect(try program.finish() == 0, "\(program.output)\(program.errors)")
    }

    @Test func systemdFindsNoMistakeInIt() throws {
        let program = try Program(command: ["/usr/bin/systemd-analyze", "verify", "--man=no", Self.path])
        _ = try program.finish()
        // Where the program is not installed that is all there is to say.
        let complaints = program.errors.split(separator: "\n").filter {
            $0.contains("slipway.service") && !$0.contains("/usr/bin/slipway is not executable")
        }
        #expect(complaints.isEmpty, "\(complaints)")
    }
}

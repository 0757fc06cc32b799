import Foundation
import TalosModel
import Testing
import VectorTesting

@Suite struct KernelCommandLineTests {
    private func kind(_ name: String?) throws -> AssetKind {
        switch name {
        case "cmdline": .commandLine
        case "iso": .iso
        case "uki": .unifiedKernelImage
        case "installer": .installer
        case "image": .diskImage(.raw, nil)
        default: throw KnownAnswerError(field: "kind \(name ?? "")")
        }
    }

    /// The line with a compressed META value replaced by what it holds: compressors differ, contents must not.
    private func withoutCompression(_ line: String) throws -> String {
        let mark = "INSTALLER_META_BASE64=H4sI"
        guard let start = line.range(of: mark) else { return line }
        let valueStart = line.index(start.upperBound, offsetBy: -4)
        let valueEnd = line[valueStart...].firstIndex(of: " ") ?? line.endIndex
        let compressed = try #require(Data(base64Encoded: String(line[valueStart..<valueEnd])))
        let content = Data(try gunzip(Array(compressed))).base64EncodedString()
        return line[..<valueStart] + "(gzip)" + content + line[valueEnd...]
    }

    @Test(arguments: try KnownAnswer.load(.commandLines, "cmdline"))
    func assembledAsTalosDoes(_ known: KnownAnswer) throws {
        func assemble() throws -> String {
            try KernelCommandLine.assembled(
                platform: known.platform ?? "", architecture: Architecture(rawValue: known.arch ?? ""),
                version: known.talosVersion, kind: kind(known.kind), secureBoot: known.secureboot ?? false,
                overlayArguments: known.overlay_args ?? [], meta: (known.meta ?? []).map(\.entry),
                extraArguments: (known.extra ?? []).map { Array($0.utf8) }, gzip: gzip
            ).description
        }
        if let error = known.error {
            let thrown = try #require(throws: KernelCommandLineError.self) { _ = try assemble() }
            #expect(thrown.description == error)
        } else {
            let expected = try #require(known.cmdline)
            #expect(try withoutCompression(assemble()) == withoutCompression(expected))
        }
    }

    @Test(arguments: try KnownAnswer.load(.commandLines, "parse", "extend", "set", "append"))
    func changedAsTalosDoes(_ known: KnownAnswer) throws {
        var line = KernelCommandLine(parsing: known.line ?? "")
        switch known.op {
        case "extend": line.extend(known.args ?? [])
        case "set": line.setAll(known.args ?? [])
        case "append": line.appendAll(known.args ?? [])
        default: break
        }
        #expect(line.description == known.out)
    }

    @Test func everyKnownAnswerIsUsed() throws {
        #expect(try KnownAnswer.operations(.commandLines) == ["cmdline", "parse", "extend", "set", "append"])
    }

    @Test func aValueRemovedByValueKeepsThePlaceOfItsKey() {
        var line = KernelCommandLine(parsing: "a=1 pti=on b")
        line.extend(["-pti=on", "pti=off"])
        #expect(line.description == "a=1 pti=off b")
    }

    @Test func aKeyRemovedWholeComesBackAtTheEnd() {
        var line = KernelCommandLine(parsing: "a=1 pti=on b")
        line.extend(["-pti", "pti=off"])
        #expect(line.description == "a=1 b pti=off")
    }

    @Test func bytesThatAreNotUTF8Survive() {
        var line = KernelCommandLine(parsing: "a")
        line.extend([[0xff, 0x3d, 0xe2, 0x80]])
        #expect(line.bytes == [0x61, 0x20, 0xff, 0x3d, 0xe2, 0x80])
    }

    @Test func keysThatOnlyLookAlikeAreDifferent() {
        // U+00E9 and "e" with U+0301 are the same character to people and different bytes to the kernel.
        var line = KernelCommandLine(parsing: "\u{e9}=1")
        line.appendAll(["e\u{301}=2"])
        #expect(line["\u{e9}"] == ["1"])
        #expect(line["absent"] == nil)
    }

    /// As many arguments as a schematic may have, of every kind that might be searched for among the others.
    @Test(arguments: ["a*", "a=*", "*=b", "-a=*", "-*", "a"])
    func workGrowsAsTheArgumentsDo(pattern: String) {
        let count = 80_000
        let present = KernelCommandLine(parsing: (0..<count).map { "k\($0)=1 a=\($0)" }.joined(separator: " "))
        let arguments = (0..<count).map { index in Array(pattern.replacing("*", with: "k\(index)").utf8) }
        var line = present
        let duration = ContinuousClock().measure { line.extend(arguments) }
        // Unoptimised and on a busy machine; a search for each argument takes an hour.
        #expect(duration < .seconds(100))
        if pattern == "-*" {
            #expect(line["k0"] == nil && line["k\(count - 1)"] == nil && line["a"]?.count == count)
            #expect(line == KernelCommandLine(parsing: (0..<count).map { "a=\($0)" }.joined(separator: " ")))
        } else {
            #expect(line["k0"]?.first == "1")
        }
    }

    @Test func linesAreEqualWhenTheirArgumentsAre() {
        var line = KernelCommandLine(parsing: "a=1 b c=2")
        line.extend(["-b"])
        #expect(line == KernelCommandLine(parsing: "a=1 c=2"))
        #expect(line.hashValue == KernelCommandLine(parsing: "a=1 c=2").hashValue)
        line.extend(["b"])
        #expect(line == KernelCommandLine(parsing: "a=1 c=2 b"))
        #expect(line != KernelCommandLine(parsing: "a=1 b c=2"))
        #expect(line["b"] == [""])
    }

    @Test(arguments: Platform.offered)
    func everyOfferedPlatformHasACommandLine(_ platform: Platform) throws {
        for architecture in Architecture.allCases {
            let line = try KernelCommandLine.assembled(
                platform: platform.name, architecture: architecture, version: TalosVersion(1, 13, 0),
                kind: .commandLine, gzip: gzip)
            #expect(line.description.hasPrefix("talos.platform=\(platform.name) "))
        }
    }
}

struct KnownAnswerError: Error { var field: String }

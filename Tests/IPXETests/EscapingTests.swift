import IPXE
import Testing

private let origin = ScriptOrigin(name: "Slipway", baseURL: "http://10.77.0.2")

/// The kernel's arguments as they stand in a script, or the error.
private func arguments(_ commandLine: String) throws -> String {
    let script = MachineScript(
        machine: "m", title: "Talos", payload: .unifiedKernelImage(url: "http://a/k"), commandLine: commandLine)
    let line = try #require(
        try script.text(from: origin).split(separator: "\n").first { $0.hasPrefix("kernel ") })
    return String(
        line.dropFirst("kernel --name talos --timeout 60000 http://a/k ".count).dropLast(" || goto retry".count))
}

@Suite struct EscapingTests {
    @Test(arguments: [
        ("a=1 b", "a=1 b"),
        ("a # b", "a ${empty:string}# b"),
        ("#a", "${empty:string}#a"),
        ("a#b c=#", "a#b c=#"),
        ("x || reboot", "x ${empty:string}|| reboot"),
        ("x && y ; z", "x ${empty:string}&& y ${empty:string}; z"),
        ("a||b", "a||b"),
        ("path=\\", "path=\\${empty:string}"),
        ("cost=$5 a={b} c=${d", "cost=$5 a={b} c=${d"),
        ("-name -- --timeout", "-name -- --timeout"),
        (
            "talos.config=https://10.0.0.1/config?h=${hostname}&u=${uuid}",
            "talos.config=https://10.0.0.1/config?h=%24{hostname}&u=%24{uuid}"
        ),
    ])
    func argumentsReachTheKernelAsTheyAre(_ commandLine: String, _ escaped: String) throws {
        #expect(try arguments(commandLine) == escaped)
    }

    @Test(arguments: [
        ("a=${uuid}", "a=${uuid}"), ("talos.hostname=${hostname}", "talos.hostname=${hostname}"),
        ("talos.config=http://${x}/a?b", "talos.config=http://${x}/a?b"), ("ok a=${b}${c}", "a=${b}${c}"),
    ])
    func expansionsThatCannotBeKeptAreRefused(_ commandLine: String, _ word: String) {
        #expect(throws: ScriptError.expansion(in: word)) { try arguments(commandLine) }
    }

    @Test(arguments: ["a\nreboot", "a\u{0}", "a\r\nb", "a\tb", "\u{7f}", "a\u{85}b"])
    func lineBreaksAreRefused(_ commandLine: String) {
        #expect(throws: ScriptError.controlCharacter(in: commandLine)) { try arguments(commandLine) }
    }

    /// Every line of a few bytes out of those that mean something, against the rule said word by word.
    @Test func everyShortLineIsWrittenByTheSameRule() throws {
        let alphabet = Array(" a#|&;\\".utf8)
        for number in 0..<(7 * 7 * 7 * 7 * 7) {
            var rest = number
            let bytes = (0..<5).map { _ in
                defer { rest /= 7 }
                return alphabet[rest % 7]
            }
            let line = String(decoding: bytes, as: UTF8.self)
            let words = line.split(separator: " ").map { word in
                let isSyntax = ["||", "&&", ";"].contains(word) || word.hasPrefix("#")
                return (isSyntax ? "${empty:string}" : "") + word + (word.hasSuffix("\\") ? "${empty:string}" : "")
            }
            let expected = words.joined(separator: " ")
            #expect(try arguments("x " + line) == (words.isEmpty ? "x" : "x " + expected), "\(line)")
            let refusal = RefusalScript.text(machine: "m", reason: line, from: origin).split(separator: "\n")
            #expect(refusal[2] == "echo " + expected, "\(line)")
        }
    }

    @Test func aCommandLineThatKernelsWouldCutIsRefused() throws {
        let longest = String(repeating: "a", count: 2024)
        #expect(MachineScript.commandLineLimit == 2024)
        #expect(try arguments(longest) == longest)
        #expect(throws: ScriptError.commandLineTooLong(bytes: 2025, limit: 2024)) { try arguments(longest + "a") }
    }

    @Test func urlsKeepTheirDollars() throws {
        func kernel(_ url: String) throws -> String {
            try MachineScript(
                machine: "m", title: "t", payload: .unifiedKernelImage(url: url), commandLine: ""
            ).text(from: origin)
        }
        #expect(try kernel("http://a/${b}").contains(" http://a/%24{b} ||"))
        #expect(throws: ScriptError.whiteSpace(in: "http://a/b c")) { try kernel("http://a/b c") }
        #expect(throws: ScriptError.controlCharacter(in: "http://a/\n")) { try kernel("http://a/\n") }
    }

    @Test func namesCannotBreakOutOfAMessage() {
        let script = RefusalScript.text(
            machine: "a\nreboot", reason: "# || && ; ${uuid} \\", from: origin)
        #expect(
            script.split(separator: "\n").prefix(3) == [
                "#!ipxe",
                "echo Slipway (http://10.77.0.2): a reboot cannot be booted:",
                "echo ${empty:string}# ${empty:string}|| ${empty:string}&& ${empty:string}; $ {uuid} \\${empty:string}",
            ])
    }

    @Test func everyScriptEndsWhateverFails() throws {
        let scripts = [
            try FirstStageScript.text(from: origin),
            try WaitScript.text(machine: "m", from: origin),
            LocalDiskScript.text(machine: "m", from: origin),
            RefusalScript.text(machine: "m", reason: "r", from: origin),
        ]
        // Commands that fail in the ordinary run of things must not end the script by failing.
        let mayFail = ["imgfetch", "chain", "kernel", "initrd", "sleep", "iseq", "sanboot", "boot"]
        for script in scripts {
            let lines = script.split(separator: "\n")
            #expect(lines.last?.contains("exit") == true)
            for line in lines where mayFail.contains(where: { line.hasPrefix("\($0) ") }) {
                #expect(line.contains("||"), "\(line)")
            }
        }
    }
}

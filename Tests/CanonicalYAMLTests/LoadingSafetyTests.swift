import CanonicalYAML
import CodecTesting
import Foundation
import Synchronization
import Testing

/// Texts made to hurt.
@Suite struct LoadingSafetyTests {
    @Test(arguments: [
        "customization:\n  extraKernelArgs: [a, \"b\\n\", 'c''d']\n  meta:\n    - key: 0xa\n      value: |\n        x\n",
        "%YAML 1.1\n%TAG !e! tag:e,2000:\n---\n!e!a &x {b: *x}\n...\nnext\n",
        "? - a\n  - b\n: &c !!str >-\n    folded\n     text\n? [d: e, f]\n: *c\n",
        "{\"customization\":{\"systemExtensions\":{\"officialExtensions\":[\"siderolabs/gvisor\"]}}}",
        "a: # c\n  # d\n\t# e\n  - \"x\\\n    y\\u00e9\\x41\\U0001F600\"\n  - !<a%20b> 'z'\n",
        "- |+2\n   a\n\n- >\n b\n  c\n\n d\n- x\n  y\n\n  z\n",
        "\u{FEFF}\u{FEFF}a: b\r\nc: d\u{85}e: f\u{2028}g: h\u{2029}i: [j,\tk]\r",
        "<<: &a {b: c}\nd: {<<: *a, e: f}\n? g\nh:\n- i\n- - j\n  - k: l\n",
        "[[[{a: [b, {c: d}]}, [e]]], {? f : g, h}, \"i\": j, k: [l: m]]",
        "--- # comment\nkey: plain text: not\nother: [unclosed, 'quote",
        "--- !!binary |\n  aGVsbG8=\n---\n@\n",
        "a: !!int 1\nb: !local 2\nc: ! 3\nd: ~\ne: \u{e9}\u{65E5}\u{1F600}\n",
    ])
    func noCorruptionTraps(_ sample: String) {
        exerciseDecoder(on: Array(sample.utf8), mutations: 500) { _ = try composeFirstDocument(of: Array($0)) }
        let wide = sample.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        exerciseDecoder(on: [0xFE, 0xFF] + wide, mutations: 200) { _ = try composeFirstDocument(of: Array($0)) }
    }

    @Test(arguments: [
        LargeText("brackets", depth: 10000, repeating("[", 10000) + repeating("]", 10000)),
        LargeText("dashes", depth: 10001, repeating("- ", 10000) + "a"),
        LargeText("explicit keys", depth: 10001, repeating("? ", 10000) + "a"),
        LargeText(
            "pairs in dashes", depth: 29999,
            repeating("- ", 10000) + repeating("[a: ", 9999) + "[]" + repeating("]", 9999)),
    ])
    func deepDocumentsFitASmallStack(_ text: LargeText) throws {
        let depth = try onSmallStack { () throws(LoadError) in
            var depth = 0
            var node = try composeFirstDocument(of: text.bytes)
            while let current = node {
                depth += 1
                node = current.children.last { !$0.children.isEmpty } ?? current.children.last
            }
            return depth
        }
        #expect(depth == text.depth)
    }

    @Test func deeperDocumentsAreRefused() {
        #expect(
            outline(repeating("[", 10001))
                == "go-yaml load error in scanner (while increasing flow level) at L1.C10001: "
                + "exceeded max depth of 10000")
        #expect(
            outline(repeating("- ", 10001))
                == "go-yaml load error in scanner (while increasing indent level) at "
                + "<unknown position>-L1.C20001: exceeded max depth of 10000")
    }

    @Test func aNodeThatContainsItselfIsFreed() throws {
        weak var root: Node?
        func compose() throws {
            let node = try #require(try composeFirstDocument(of: Array("&a {b: [*a, c], *a : *a}".utf8)))
            root = node
            #expect(node.children[1].children[0].target === node)
        }
        try compose()
        #expect(root == nil)
    }

    @Test func aSubtreeOutlivesItsRoot() throws {
        let list = try #require(try composeFirstDocument(of: Array("a: [b, [c]]".utf8))).children[1]
        #expect(list.children[1].children[0].value == Array("c".utf8))
    }

    @Test func nodesAreLimited() throws {
        let text = Array("[a, b, c]".utf8)
        #expect(try composeFirstDocument(of: text, limits: LoadLimits(maximumNodes: 4)) != nil)
        let error = #expect(throws: LoadError.self) {
            try composeFirstDocument(of: text, limits: LoadLimits(maximumNodes: 3))
        }
        #expect(error?.stage == .composer)
        #expect(error?.position == Position(line: 1, column: 8))
        #expect(error?.message.hasPrefix("document holds more than 3 nodes") == true)
    }

    @Test(arguments: [
        LargeText("nested keys", repeating("{", 5000) + "}" + repeating(": a}", 4999)),
        LargeText("many anchors", repeating("- &a x\n- *a\n", 5000)),
        LargeText("many handles", (0..<5000).map { "%TAG !t\($0)! x:\n" }.joined() + "--- a"),
        LargeText("many comments", repeating("#" + repeating(" ", 500) + "\n", 200) + "a"),
        LargeText("many words", repeating("word ", 20000)),
    ])
    func timeIsLinear(_ text: LargeText) throws {
        // A debug build takes a tenth of a second, quadratic work minutes.
        let time = try ContinuousClock().measure { _ = try composeFirstDocument(of: text.bytes) }
        #expect(time < .seconds(100))
    }
}

/// A text that a test run should not print.
struct LargeText: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var depth: Int
    var bytes: [UInt8]

    init(_ name: String, depth: Int = 1, _ text: String) {
        testDescription = name
        self.depth = depth
        bytes = Array(text.utf8)
    }
}

private func repeating(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
}

/// Runs `body` on a thread with a stack of 512 KiB, as those of the cooperative pool have.
private func onSmallStack(_ body: @escaping @Sendable () throws(LoadError) -> Int) throws -> Int {
    final class Outcome: Sendable {
        let result = Mutex<Result<Int, LoadError>?>(nil)
    }
    let outcome = Outcome()
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
        let result = Result(catching: body)
        outcome.result.withLock { $0 = result }
        done.signal()
    }
    thread.stackSize = 512 << 10
    thread.start()
    done.wait()
    return try #require(outcome.result.withLock { $0 }).get()
}

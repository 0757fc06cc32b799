import CodecTesting
import ConfigurationYAML
import FolderTesting
import Machines
import Schematics
import Testing

/// An inline schematic is what the same text in a file is: in its ID, in its errors, and in where they are.
@Suite struct InlineSchematicTests {
    /// Ways to write a schematic into a machines file, and how far that moves it.
    struct Place: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var lines: Int
        var columns: Int
        var before: String
        var after: String
        /// Puts the text there.
        func file(_ text: String) -> String {
            let indentation = String(repeating: " ", count: columns)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
                line.isEmpty || (index == 0 && !before.hasSuffix("\n")) ? String(line) : indentation + line
            }
            return before + lines.joined(separator: "\n") + after
        }
    }

    static let block = Place(
        testDescription: "under a name", lines: 2, columns: 4, before: "schematics:\n  it:\n",
        after: "# a comment\n  other: {}\nmachines: []\n")
    static let places = [
        block,
        Place(
            testDescription: "of a machine", lines: 3, columns: 6,
            before: "machines:\n- name: é\n  schematic:\n",
            after: "  mac: 02:00:00:00:00:01\n  version: latest\n"),
        Place(
            testDescription: "of the defaults, at the end", lines: 2, columns: 8,
            before: "defaults:\n      schematic:\n", after: ""),
    ]

    static let texts = [
        "customization:\n", "customization: ~\n", "customization:\n  extraKernelArgs:\n    # - console=ttyS0\n",
        "customization:\n  extraKernelArgs:\n  systemExtensions:\n    officialExtensions:\n",
        "customization:\n  extraKernelArgs:\n  -\n  - a\n  - ~\n  - ''\n",
        "customization:\n  extraKernelArgs: [:a, b, ':c', ::]\n",
        "customization:\n  extraKernelArgs:\n  - :a\n  - :\n  - ::b\n  - -\n",
        "overlay:\n  image: a\n  name: b\n  options:\n    :key: :value\n    ':': x\n    f: {a: b, :c: d}\n",
        "overlay: {image: a, name: b, options: {x: y, :z: 1}}\ncustomization: {}\n",
        "customization:\n  meta:\n  - key: 0xa\n    value: |\n      one\n       two\n\n      three\n  - key: 11\n    value: >-\n      folded\n      text\n",
        "customization:\n  meta:\n  - key: 12\n    value: |+\n      kept\n\n",
        "customization:\n  meta:\n  - key: 12\n    value: |2\n        deep\n      less\n",
        "customization:\n  embeddedMachineConfiguration: |\n    machine:\n      type: worker # not a comment here\n    ---\n    second: document\n",
        "customization: {extraKernelArgs: [a, 'b c', \"d\\te\", 'it''s', \"{}\", '1.0', 'null', '-', 'x: y', '#']}\n",
        "customization: {meta: [{key: 0xa, value: '1'}, {key: 11, value: 12:30:45}]}\n",
        "overlay:\n  name: rpi\n  image: a/b\n  options: {n: 1, f: 1.5, t: 2001-12-14 21:59:43.10 -5, b: true, s: '1', z: ~, m: 1_000}\n",
        "overlay: {name: a, image: b, options: {o: 0o17, x: 0x1F, b: 0b11, old: 017, i: .inf, n: .NaN, y: yes, e: 1e3}}\n",
        "customization: {extraKernelArgs: [!!str 12, é, \"\\u2028\"]}\n",
        "customization: {extraKernelArgs: &x [a, b]}\n",
        "customization:\n  extraKernelArgs: &x\n  - a\n  meta: [{key: 1, value: &v \"v\"}, {key: 2, value: *v}]\n",
        "? customization\n: ? extraKernelArgs\n  : - a\n",
        "\"customization\": {\"extraKernelArgs\": [\"a\",\n\"b\"]}\n", "!!map\ncustomization: {}\n",
        "&all\ncustomization: {}\n",
        "customization: {} # comment\n# another\n\n",
        "customization:\n  extraKernelArgs:\n  - several\n    lines of\n    text\n",
        "overlay: {name: a, image: b, options: {deep: " + String(repeating: "[", count: 80)
            + String(repeating: "]", count: 80) + "}}\n",
        // What is no schematic.
        "customisation: {}\n", "customization: {}\noverlay: []\n",
        "customization:\n  a: 1\n  extraKernelArgs: x\n  b: 2\n",
        "customization: {extraKernelArgs: [a}]\n", "customization: {a: :b}\n", "customization: {}\ncustomization: {}\n",
        "customization:\n  extraKernelArgs: [!!str]\n", "customization: {extraKernelArgs: *gone}\n", "owner: me\n",
        "customization:\n  extraKernelArgs: !h!x [a]\n", "customization: {meta: [{key: 300}, {key: x}]}\n",
        "customization: {meta: [{key: 1, value: \"\\/\"}]}\n", "<<: 1\n",
    ]

    @Test(arguments: texts, places)
    func itIsWhatItIsInAFile(_ text: String, _ place: Place) throws { try compare(text, in: place) }

    /// Compares a schematic in a place with itself in a file.
    private func compare(_ text: String, in place: Place) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("machines.yaml", place.file(text))
        let expected: Schematic
        do { expected = try Schematic(decoding: Array(text.utf8)) } catch {
            let refusal = #expect(throws: MachinesFileError.self) { try MachinesFile.load(path) }
            let problem = try #require(refusal?.problems.first, "\(text)")
            let told = error.description.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
            // Where a text ends is the one place that is another in a larger text.
            let lines = text.utf8.count { $0 == UInt8(ascii: "\n") }
            let isAtEnd = told.hasPrefix("go-yaml") && (told.firstLine ?? 0) > lines
            let message = isAtEnd ? problem.message.withoutPlaces : problem.message
            let shown = isAtEnd ? told.withoutPlaces : told.moved(lines: place.lines, columns: place.columns)
            #expect(message.hasSuffix(" is no schematic: \(shown)"), "\(message)\n\(shown)\n\(text)")
            if !isAtEnd, let line = error.description.firstLine {
                #expect(problem.line == line + place.lines, "\(problem)")
            }
            return
        }
        do {
            let file = try MachinesFile.load(path)
            #expect(file.schematics.contains { $0.canonicalText == expected.canonicalText }, "\(text)")
        } catch {
            Issue.record("\(error)\n\(place.file(text))")
        }
    }

    @Test(arguments: ["customization", "list"])
    func emptySectionsAreNothing(_ fixture: String) throws {
        let path = try fixturePath("machines-inline-null-\(fixture).yaml")
        #expect(try MachinesFile.load(path).schematics == [Schematic(decoding: Array("customization: {}".utf8))])
    }

    @Test func anAliasOfAnotherPartIsNamedWithARemedy() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "machines.yaml",
            """
            defaults: {version: latest, args: &args [quiet]}
            schematics:
              a: {customization: {extraKernelArgs: *args}}
            machines: []
            """)
        let error = #expect(throws: MachinesFileError.self) { try MachinesFile.load(path) }
        #expect(
            error?.problems.map { "\($0.line):\($0.column): \($0.message); \($0.remedy)" } == [
                "3:40: schematic 'a' is no schematic: go-yaml load error in composer at L3.C40: "
                    + "unknown anchor 'args' referenced; "
                    + "a schematic is a document of its own: write out there what the alias stands for"
            ])
    }

    @Test func aWholeSchematicMayBeAnAlias() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "machines.yaml",
            """
            machines:
            - {mac: "02:00:00:00:00:01", version: latest, schematic: &s {customization: {extraKernelArgs: [a]}}}
            - {mac: "02:00:00:00:00:02", version: latest, schematic: *s}
            """)
        let file = try MachinesFile.load(path)
        #expect(file.schematics.map(\.extraKernelArguments) == [["a"]])
        #expect(file.machines.allSatisfy { $0.assignment.schematic?.schematic != nil })
    }

    /// Documents made of what YAML is made of, as block and flow collections of every scalar.
    @Test(arguments: 0..<24) func randomOnesAreWhatTheyAreInAFile(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<25 {
            var maker = SchematicMaker(generator: generator)
            let text = maker.schematic()
            generator = maker.generator
            try compare(text, in: Self.places[Int.random(in: 0..<Self.places.count, using: &generator)])
        }
    }
}

/// Writes schematics at random, right ones and wrong ones.
private struct SchematicMaker {
    var generator: SeededGenerator

    private static let scalars = [
        "", "~", "null", "a", ":a", "::", ":", "-", "- a", "a: b", "'it''s'", "\"\\x41\\n\"", "\"\\q\"", "1", "0x1f",
        "1.50", "1e3",
        "12:30:45", "2001-12-14", "true", "no", "!!str 5", "!!binary aGk=", "*x", "&x y", "a #b", "a#b", "é", "[]",
        "{}", "[a]", "<<",
        "console=ttyS0", "'#'", "? a", "@", "`", "%", "a\\b", "\"a b\"", "=", "!", "! a", "[:a]", "{a: :b}",
        "{a, :b: c}",
    ]
    private static let keys = [
        "a", "b c", "'d'", "\"e\"", ":f", "1", "true", "~", "<<", "? g\n", "x-y", "é", "customization", "&k h",
        "!!str i",
    ]

    private mutating func pick(_ list: [String]) -> String { list[Int.random(in: list.indices, using: &generator)] }
    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }

    mutating func schematic() -> String {
        var text = ""
        if chance(2) { text += "overlay:\n  image: \(scalar(4))\n  name: b\n  options:\(node(depth: 2))" }
        text += "customization:\n  extraKernelArgs:\(list(4))"
        if chance(2) { text += "  meta:\n  - key: \(pick(["1", "0xa", "300", "x", "0o7"]))\n    value: \(scalar(6))\n" }
        if chance(8) { text += "  \(pick(Self.keys)): \(scalar(4))\n" }
        if chance(4) { text += "# the end\n" }
        return text
    }

    /// A scalar behind a key, as text on the line or lines of its own.
    private mutating func scalar(_ indentation: Int) -> String {
        guard chance(5) else { return pick(Self.scalars) }
        let margin = String(repeating: " ", count: indentation)
        return pick(["|", ">", "|-", ">-", "|+"]) + "\n\(margin)text\n\(margin)  more: # x\n\n\(margin)end"
    }

    private mutating func list(_ indentation: Int) -> String {
        let items = (0..<Int.random(in: 0...3, using: &generator)).map { _ in pick(Self.scalars) }
        if chance(2) { return " [" + items.joined(separator: ", ") + "]\n" }
        let margin = String(repeating: " ", count: indentation)
        return "\n" + items.map { "\(margin)- \($0)\n" }.joined()
    }

    private mutating func node(depth: Int) -> String {
        let margin = String(repeating: " ", count: depth * 2)
        guard depth < 5, !chance(3) else { return " \(scalar(depth * 2))\n" }
        if chance(3) { return list(depth * 2) }
        return "\n"
            + (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                "\(margin)\(pick(Self.keys)):\(node(depth: depth + 1))"
            }
            .joined()
    }
}

extension String {
    /// go-yaml's text about a document that has been moved in a larger one.
    fileprivate func moved(lines: Int, columns: Int) -> String {
        replacing(/L(\d+)\.C(\d+)(-C(\d+))?/) { match in
            let line = (Int(match.1) ?? 0) + lines
            let end = match.4.flatMap { Int($0) }.map { "-C\($0 + columns)" } ?? ""
            return "L\(line).C\((Int(match.2) ?? 0) + columns)\(end)"
        }.replacing(/line (\d+)/) { match in "line \((Int(match.1) ?? 0) + lines)" }
    }

    fileprivate var withoutPlaces: String { replacing(/L\d+\.C\d+/, with: "L.C") }

    /// The last line that a single text of go-yaml names, which is the fault's; the first of several.
    fileprivate var firstLine: Int? {
        if let match = firstMatch(of: /^go-yaml.* at (?:L\d+\.C\d+-)?L(\d+)\.C/) { return Int(match.1) }
        return firstMatch(of: /errors: line (\d+)/).flatMap { Int($0.1) }
    }
}

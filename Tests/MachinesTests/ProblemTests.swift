import CodecTesting
import ConfigurationYAML
import FolderTesting
import Foundation
import Machines
import Testing

/// A machines file with faults, and what is said about them without the file's name.
struct Faulty: Sendable, CustomTestStringConvertible {
    var title: String
    var text: String
    var problems: [String]
    var testDescription: String { title }
}

@Suite struct ProblemTests {
    static let cases = [
        Faulty(title: "empty", text: "", problems: ["1:1: the file is empty; write at least 'machines: []'"]),
        Faulty(
            title: "comments only", text: "# nothing\n",
            problems: ["1:1: the file is empty; write at least 'machines: []'"]
        ),
        Faulty(
            title: "a list", text: "- a\n",
            problems: [
                "1:1: the machines file is a list; "
                    + "it is a mapping with the keys schematics, defaults, machines, unknown"
            ]),
        Faulty(
            title: "no YAML", text: "machines: [a\nb: c\n",
            problems: [
                "2:2: while parsing a flow sequence: did not find expected ',' or ']'; this is not YAML; correct it"
            ]),
        Faulty(
            title: "addresses that no machine has",
            text: """
                machines:
                - {name: a, boot: local, mac: ff:ff:ff:ff:ff:ff}
                - {name: b, boot: local, mac: 00-00-00-00-00-00}
                - {name: c, boot: local, match: {mac: "01005e000001"}}
                - {name: d, boot: local, match: {mac: "33:33:*"}}
                - {name: e, boot: local, mac: ["52:54:00:00:00:01", 5354.0000.0001]}
                - {name: f, boot: local, match: {mac: "f*"}}
                - {name: g, boot: local, match: {mac: "01:*"}}
                """,
            problems: [
                "2:31: 'ff:ff:ff:ff:ff:ff' in 'mac' of machine 'a': it is the broadcast address, which is no machine's own; "
                    + "write the machine's own address",
                "3:31: '00-00-00-00-00-00' in 'mac' of machine 'b': it is all zeros, which is no machine's address; "
                    + "write the machine's own address",
                "4:39: '01005e000001' in 'mac' of machine 'c': it is the address of a group and not of a machine: its first "
                    + "pair is odd; write the machine's own address",
                "5:39: '33:33:*' in 'mac' of machine 'd': it begins the addresses of groups and not of machines: its first "
                    + "pair is odd; write the beginning of machines' own addresses, as in \"a0:36:9f:*\"",
                "6:53: '5354.0000.0001' in 'mac' of machine 'e': it is the address of a group and not of a machine: its first "
                    + "pair is odd; write the machine's own address",
                "8:39: '01:*' in 'mac' of machine 'g': it begins the addresses of groups and not of machines: its first "
                    + "pair is odd; write the beginning of machines' own addresses, as in \"a0:36:9f:*\"",
            ]),
        Faulty(
            title: "misspelt keys",
            text: """
                schematcs: {}
                defaults: {verison: 1.13, colour: red}
                machines:
                - {name: a, mac: '52:54:00:00:00:01', shematic: {}, boot: local, args: []}
                unknwon: wait
                """,
            problems: [
                "1:1: unknown key 'schematcs' in the machines file; did you mean 'schematics'?",
                "2:12: unknown key 'verison' in 'defaults'; did you mean 'version'?",
                "2:27: unknown key 'colour' in 'defaults'; the keys are "
                    + "schematic, version, args, config, secureboot, boot, chainload, platform, loader",
                "4:39: unknown key 'shematic' in machine 'a'; did you mean 'schematic'?",
                "5:1: unknown key 'unknwon' in the machines file; did you mean 'unknown'?",
            ]),
        Faulty(
            title: "wrong types",
            text: """
                schematics: [a]
                defaults: text
                machines: {a: b}
                unknown: [x]
                """,
            problems: [
                "1:13: 'schematics' is a list; it is a mapping of names to schematics",
                "2:11: 'defaults' is a single value; it is a mapping with the keys "
                    + "schematic, version, args, config, secureboot, boot, chainload, platform, loader",
                "3:11: 'machines' of the machines file is a mapping; it is a list, as in [a, b]",
                "4:10: 'unknown' of the machines file is a list; it is a single value",
            ]),
        Faulty(
            title: "wrong values",
            text: """
                defaults: {schematic: {}, version: latest}
                machines:
                - name: a
                  mac: 52:54:00:00:00
                  version: 1.x
                  secureboot: yes
                  boot: allways
                  chainload: 1
                  platform: mtal
                  args: [ok, [no], ~, "a${b}"]
                - name: b
                  match: {mac: "52:*:00", arch: x86, uuid: 0, serial: }
                - name: [c]
                  mac: "a0:36:9f:*"
                  loader: efi/snponly.efi
                - just text
                unknown: deflt
                """,
            problems: [
                "4:8: 'mac' of machine 'a' is '52:54:00:00:00'; write six pairs of hexadecimal digits, "
                    + "as in 52:54:00:12:34:56; a pattern stands under 'match'",
                "5:12: 'version' of machine 'a': '1.x' is not a version: it is not a minor release, as in 1.13; "
                    + "write v1.13.5, 1.13 or latest",
                "6:15: 'secureboot' of machine 'a' is 'yes'; write true or false",
                "7:9: 'boot' of machine 'a' is 'allways'; did you mean 'always'?",
                "8:14: 'chainload' of machine 'a' is '1'; write true or false",
                "9:13: 'platform' of machine 'a' is 'mtal', which Talos does not know; did you mean 'metal'?",
                "10:14: an argument of machine 'a' is a list; each is text, as in console=ttyS0",
                "10:20: an argument of machine 'a' is empty; each is text, as in console=ttyS0",
                "10:23: an argument of machine 'a': 'a${b}' has ${…}, which iPXE replaces by its own settings and "
                    + "cannot be kept from doing; only the query of talos.config= may have it; change or remove it",
                "12:16: 'mac' of 'match' of machine 'b' is '52:*:00'; write the beginning of an address "
                    + "and one '*' at its end, as in \"a0:36:9f:*\"",
                "12:33: 'arch' of 'match' of machine 'b' is 'x86'; it is one of amd64, arm64",
                "12:44: 'uuid' of 'match' of machine 'b' is '0'; write the SMBIOS UUID, "
                    + "as in 4c4c4544-0039-4b10-8035-b3c04f4d3132; one of zeros or ones names no machine",
                "12:55: 'serial' of 'match' of machine 'b' is empty; give it a value or remove the key",
                "13:9: 'name' of a machine is a list; it is a single value",
                "14:8: 'mac' of a machine is 'a0:36:9f:*'; write six pairs of hexadecimal digits, "
                    + "as in 52:54:00:12:34:56; a pattern stands under 'match'",
                "15:11: 'loader' of a machine is 'efi/snponly.efi'; write the name of a file in a loader folder, "
                    + "as in snponly.efi: no folders, no blanks, ASCII",
                "16:3: a machine is a single value; it is a mapping with the keys name, mac, match, "
                    + "schematic, version, args, config, secureboot, boot, chainload, platform, loader",
                "17:10: 'unknown' of the machines file is 'deflt'; did you mean 'default'?",
            ]),
        Faulty(
            title: "duplicates",
            text: """
                defaults: {schematic: {}, version: latest, version: v1.13.5}
                schematics: {a: {}, a: {}}
                machines:
                - {name: a, mac: '52:54:00:00:00:01'}
                - {name: b, mac: 52-54-00-00-00-01}
                - {name: a, mac: '52:54:00:00:00:02'}
                - {name: c, match: {arch: amd64, mac: "a0:*"}}
                - {name: d, match: {mac: "a0*", arch: amd64}}
                - {name: e, match: {mac: "a0*", arch: arm64}}
                - {name: f, mac: '52:54:00:00:00:03', match: {mac: "a0*"}}
                - {name: g}
                - {match: {arch: arm64}}
                """,
            problems: [
                "1:44: 'version' stands twice in 'defaults', first in line 1; remove one",
                "2:21: schematic 'a' is defined twice, first in line 2; rename one",
                "5:3: machine 'b' matches the same machines as machine 'a' at 4:3, by mac 52:54:00:00:00:01; "
                    + "remove one of them, or tell them apart by another criterion",
                "6:3: the name 'a' is taken by the machine in line 4; rename one of them",
                "8:3: machine 'd' matches the same machines as machine 'c' at 7:3, by mac a0:*, arch amd64; "
                    + "remove one of them, or tell them apart by another criterion",
                "10:46: machine 'f' has 'mac' and a 'mac' under 'match'; remove one of them",
                "11:3: machine 'g' matches nothing; give it 'mac:' or 'match:'",
                "12:3: a machine has no name; give it one with 'name:'",
            ]),
        Faulty(
            title: "nothing to boot",
            text: """
                machines:
                - {name: a, mac: '52:54:00:00:00:01'}
                - {name: b, mac: '52:54:00:00:00:02', boot: local}
                - {name: c, mac: '52:54:00:00:00:03', schematic: {}}
                unknown: default
                """,
            problems: [
                "2:3: machine 'a' has no schematic; add 'schematic:' to it or to 'defaults'",
                "2:3: machine 'a' has no version; add 'version:' to it or to 'defaults'",
                "4:3: machine 'c' has no version; add 'version:' to it or to 'defaults'",
                "5:10: 'unknown: default' has no schematic; add 'schematic:' to it or to 'defaults'",
                "5:10: 'unknown: default' has no version; add 'version:' to it or to 'defaults'",
            ]),
        Faulty(
            title: "bad schematics",
            text: """
                schematics:
                  good: {customization: {}}
                  bad: {customisation: {}}
                  none:
                  list: []
                  absent: s/absent.yaml
                  folder: .
                  filed: bad.yaml
                defaults: {schematic: god, version: latest}
                machines:
                - {name: a, mac: '52:54:00:00:00:01', schematic: bad}
                - {name: b, mac: '52:54:00:00:00:02', schematic: no such}
                - {name: c, mac: '52:54:00:00:00:03', schematic: good, config: absent.yaml}
                """,
            problems: [
                "3:8: schematic 'bad' is no schematic: yaml: construct errors: "
                    + "line 3: field customisation not found in type schematic.Schematic; correct it",
                "4:8: schematic 'none' is empty; write {customization: {}} for one without extras",
                "5:9: schematic 'list' is a list; it is a mapping, a file, or an ID",
                "6:11: schematic 'absent', file FOLDER/s/absent.yaml, cannot be read: No such file or directory; "
                    + "correct the path, which counts from the machines file, or the file",
                "7:11: schematic 'folder', file FOLDER/., cannot be read: it is not a regular file; "
                    + "correct the path, which counts from the machines file, or the file",
                "8:10: schematic 'filed', file FOLDER/bad.yaml, is no schematic: yaml: construct errors: "
                    + "line 2: field b not found in type schematic.Schematic; correct it",
                "9:23: 'schematic' of 'defaults' is 'god', and there is no schematic of that name; "
                    + "did you mean 'good'?",
                "12:50: 'schematic' of machine 'b' is 'no such', and there is no schematic of that name; "
                    + "define it under 'schematics', or give a file or an ID",
                "13:64: 'config' of machine 'c', file FOLDER/absent.yaml, cannot be read: No such file or directory; "
                    + "correct the path, which counts from the machines file, or the file",
            ]),
        Faulty(
            title: "two documents", text: "machines: []\n---\nmachines: []\n",
            problems: ["2:1: a second document begins here; keep everything in one"]),
        Faulty(
            title: "unknown alias", text: "machines: *all\n",
            problems: ["1:11: '*all' refers to nothing before it; define it with '&all' first"]),
        Faulty(
            title: "an alias inside itself", text: "machines: &all [*all]\n",
            problems: [
                "1:17: '*all' stands within what it refers to, which has no end then; write out what is meant"
            ]),
        Faulty(
            title: "an alias inside what has its name again", text: "unknown: &a wait\nmachines: &a [{match: *a}]\n",
            problems: ["2:23: '*a' stands within what it refers to, which has no end then; write out what is meant"]),
        Faulty(
            title: "empty texts",
            text: """
                schematics: {"": {}, " ": {}, ~: {}, a: ""}
                defaults: {schematic: "", version: latest, args: [""]}
                machines:
                - {name: a, mac: '52:54:00:00:00:01', schematic: '  ', args: ['', " \\t", x]}
                """,
            problems: [
                "1:14: a schematic's name is empty; names are single words",
                "1:22: a schematic's name is empty; names are single words",
                "1:41: schematic 'a' is empty; write {customization: {}} for one without extras",
                "2:23: 'schematic' of 'defaults' is empty; write {customization: {}} for one without extras",
                "2:51: an argument of 'defaults' is empty; each is text, as in console=ttyS0",
                "4:50: 'schematic' of machine 'a' is empty; write {customization: {}} for one without extras",
                "4:63: an argument of machine 'a' is empty; each is text, as in console=ttyS0",
                "4:67: an argument of machine 'a' is empty; each is text, as in console=ttyS0",
            ]),
        Faulty(
            title: "what an alias stands for",
            text: """
                defaults: {schematic: {}, version: latest, args: [&a console=ttyS0, &q "x=1", &b "a\\nb"]}
                machines:
                - {name: a, mac: '52:54:00:00:00:01', args: [*a ,115200]}
                - {name: b, mac: '52:54:00:00:00:02', args: [*a ,x]}
                - {name: c, mac: '52:54:00:00:00:03', args: [*a , x, *q ,y, z=1,*a ]}
                - {name: d, mac: '52:54:00:00:00:04', args: [*b ]}
                """,
            problems: [
                "1:79: an argument of 'defaults': \"a\\nb\" has a line break or another control character; remove it; change or remove it",
                "3:46: an argument of machine 'a': a comma splits it into 'console=ttyS0' and '115200', which are 2 arguments; "
                    + "write it in quotes, as in \"console=ttyS0,115200\"; or quote each piece, if they are arguments of their own",
                "4:46: an argument of machine 'b': a comma splits it into 'console=ttyS0' and 'x', which are 2 arguments; "
                    + "write it in quotes, as in \"console=ttyS0,x\"; or quote each piece, if they are arguments of their own",
                "6:46: an argument of machine 'd': \"a\\nb\" has a line break or another control character; remove it; change or remove it",
            ]),
        Faulty(
            title: "not UTF-8", text: "machines: []\nname: \u{0}\n",
            problems: ["2:7: control characters are not allowed; this is not YAML; correct it"]),
        Faulty(
            title: "too deep", text: "machines: " + String(repeating: "[", count: 100),
            problems: ["1:74: lists and mappings nest deeper than 64; flatten them"]),
        Faulty(
            title: "a bomb of aliases",
            text: "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
                + zip("abcdef", "bcdefg").map { before, next in
                    "\(next): &\(next) [" + Array(repeating: "*\(before)", count: 10).joined(separator: ", ") + "]\n"
                }.joined(),
            problems: ["5:36: aliases stand for more than 100000 nodes; write out or remove some"]),
    ]

    @Test(arguments: cases)
    func everyProblemIsNamedAtItsPlace(_ faulty: Faulty) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("machines.yaml", faulty.text)
        try folder.write("bad.yaml", "customization: {}\nb: 1\n")
        let error = #expect(throws: MachinesFileError.self) { try MachinesFile.load(path) }
        let expected = faulty.problems.map { "\(path):" + $0.replacingOccurrences(of: "FOLDER", with: folder.path) }
        let found = error?.problems.map(\.description) ?? []
        for (found, expected) in zip(found, expected) { #expect(found == expected) }
        #expect(found.count == expected.count, "\(found)")
    }

    @Test func aFileThatIsNotThereIsAProblem() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: MachinesFileError.self) { try MachinesFile.load("\(folder.path)/none.yaml") }
        #expect(
            error?.description == "\(folder.path)/none.yaml:1:1: the file cannot be read: No such file or directory; "
                + "correct its path or its permissions")
    }

    @Test func aFileThatIsTooLongIsNotRead() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("machines.yaml", "#" + String(repeating: " ", count: 16 << 20) + "\nmachines: []")
        let error = #expect(throws: MachinesFileError.self) { try MachinesFile.load(path) }
        #expect(error?.problems.first?.message == "the file cannot be read: it is longer than 16777216 bytes")
    }

    @Test func aFloodOfProblemsIsCutShort() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("machines.yaml", "machines:\n" + String(repeating: "- text\n", count: 700))
        let error = try #require(throws: MachinesFileError.self) { try MachinesFile.load(path) }
        #expect(error.problems.count == 500)
        #expect(error.unlisted == 200)
        #expect(error.description.hasSuffix("\nand 200 more problems"))
    }

    @Test func noTextTraps() throws {
        let folder = try TemporaryFolder()
        let sample = """
            schematics: {a: {customization: {extraKernelArgs: [x]}}}
            defaults: {schematic: a, version: v1.13.5, args: &b [y]}
            machines:
            - {name: m, match: {mac: "a0:36:9f:*", uuid: 4c4c4544-0039-4b10-8035-b3c04f4d3132}, args: *b}
            unknown: wait
            """
        let accepted = exerciseDecoder(on: Array(sample.utf8), mutations: 300) { bytes in
            let path = "\(folder.path)/machines.yaml"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            _ = try MachinesFile.load(path)
        }
        #expect(accepted > 0)
    }
}

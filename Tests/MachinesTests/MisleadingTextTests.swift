import ConfigurationYAML
import FolderTesting
import Machines
import Testing

/// What YAML takes without a word and nobody means: commas that split an argument, and characters that look like others.
@Suite struct MisleadingTextTests {
    private func problems(_ text: String, schematic: String? = nil) throws -> [String] {
        let folder = try TemporaryFolder()
        if let schematic { try folder.write("s.yaml", schematic) }
        let path = try folder.write("machines.yaml", text)
        do {
            _ = try MachinesFile.load(path)
            return []
        } catch {
            return error.problems.map {
                "\($0.line):\($0.column): \($0.message); \($0.remedy)".replacing(folder.path, with: "FOLDER")
            }
        }
    }

    private func args(_ list: String) throws -> [String] {
        try problems("machines:\n- name: a\n  boot: local\n  mac: 02:00:00:00:00:01\n  args: \(list)\n")
    }

    @Test func aCommaThatSplitsAnArgumentIsFound() throws {
        let error = #expect(throws: MachinesFileError.self) {
            try MachinesFile.load(fixturePath("machines-flow-list-comma.yaml"))
        }
        #expect(
            error?.problems.map { "\($0.line):\($0.column): \($0.message); \($0.remedy)" } == [
                "6:26: an argument of machine 'a': a comma splits it into 'console=ttyS0' and '115200n8', which are 2 "
                    + "arguments; write it in quotes, as in \"console=ttyS0,115200n8\"; "
                    + "or quote each piece, if they are arguments of their own",
                "9:12: an argument of machine 'b': a comma splits it into 'bond=bond0:eth0' and 'eth1:mode=802.3ad' and "
                    + "'lacp_rate=fast', which are 3 arguments; "
                    + "write it in quotes, as in \"bond=bond0:eth0,eth1:mode=802.3ad,lacp_rate=fast\"; "
                    + "or quote each piece, if they are arguments of their own",
            ])
    }

    @Test(arguments: [
        "[console=ttyS0,115200]", "[quiet, console=ttyS0,115200n8, splash]", "[isolcpus=1,2,3]", "[ip=a,b]",
        "[console=ttyS0, 115200n8]", "[mitigations=auto,nosmt]", "[root=/dev/nfs, nfsroot=10.0.0.1:/x,vers=4,tcp]",
        "[a,\n    console=ttyS0,115200]", "[modprobe.blacklist=nouveau,nvidiafb]",
        "[console=ttyS0 ,115200n8]", "[console=ttyS0\t,115200n8]", "[console=ttyS0 , 115200n8]",
        "[mitigations=auto ,nosmt]",
        "[console=ttyS0\n    ,115200n8]", "[console=ttyS0 # serial, slow\n    ,115200n8]",
        "[console=ttyS0, # bits\n    115200n8]",
        "[!!str console=ttyS0,115200n8]", "[!!str console=ttyS0 ,115200n8]", "[console=ttyS0,!!str 115200n8]",
        "[! console=ttyS0,115200n8]", "[&c console=ttyS0,115200n8]", "[&c !!str console=ttyS0 ,115200n8]",
        "[quiet, !!str isolcpus=1 ,2 ,3]",
    ])
    func aValueThatGoesOnBehindTheComma(list: String) throws {
        let found = try args(list)
        #expect(found.count == 1 && found[0].contains("write it in quotes"), "\(found)")
    }

    @Test(arguments: [
        "[quiet, splash]", "[quiet,splash]", "[console=tty0, console=ttyS0]", "[console=tty0,console=ttyS0]",
        "[\"console=ttyS0,115200\"]", "['console=ttyS0,115200', quiet]", "\n  - console=ttyS0,115200\n  - quiet", "[]",
        "[a=b]",
        "[console=ttyS0 ,quiet]", "[a=1, b=2]", "[talos.platform=metal,console=tty0]", "[net.ifnames=0,talos.x=1]",
        "[console=ttyS0, '115200']", "[console=ttyS0,'115200']", "[console=tty0,\n    quiet]", "\n  - a=b\n  - 115200",
        "[console=tty0 ,console=ttyS0]", "[console=ttyS0 , splash]", "[a=1 , b=2]", "[!!str quiet, !!str splash]",
        "[console=ttyS0 ,\"115200\"]", "[!!str 'console=ttyS0,115200n8' ,quiet]", "[!!str \"console=ttyS0\",'115200']",
        "\n  - !!str console=ttyS0,115200n8\n  - quiet", "\n  - console=ttyS0 # a, b\n  - 115200n8",
        "\n  - !!str console=ttyS0 ,115200n8", "[&c a=1, quiet, *c , quiet]", "[&c a=1, quiet, *c ]",
        "[quiet,3]", "[-console,-quiet]", "[console=tty0, -quiet]",
    ])
    func whatIsAList(list: String) throws { #expect(try args(list) == []) }

    @Test func schematicsAreLookedAtToo() throws {
        let inline = try problems(
            "schematics:\n  a: {customization: {extraKernelArgs: [console=ttyS0,115200]}}\nmachines: []\n")
        #expect(
            inline.count == 1 && inline[0].hasPrefix("2:41: an argument of schematic 'a': a comma splits"), "\(inline)")
        let filed = try problems(
            "schematics:\n  a: s.yaml\nmachines: []\n",
            schematic: "customization:\n  extraKernelArgs: [console=ttyS0,115200]\n")
        #expect(
            filed.count == 1
                && filed[0].hasPrefix("2:6: schematic 'a', file FOLDER/s.yaml, line 2: an argument: a comma splits"),
            "\(filed)")
        let tagged = try problems(
            "schematics:\n  a: {customization: {extraKernelArgs: [!!str console=ttyS0 ,115200]}}\nmachines: []\n")
        #expect(tagged.count == 1 && tagged[0].contains("\"console=ttyS0,115200\""), "\(tagged)")
        let list = "customization:\n  extraKernelArgs:\n  - console=ttyS0,115200\n"
        #expect(try problems("schematics:\n  a: s.yaml\nmachines: []\n", schematic: list) == [])
    }

    @Test(arguments: [
        (
            "- {name: \u{201C}cp-1\u{201D}, boot: local, mac: 02:00:00:00:00:01}",
            "2:10: '\u{201C}' (U+201C) is a typographic"
        ),
        (
            "- {name: cp, boot: local, mac: \u{201C}02:00:00:00:00:01\u{201D}}",
            "2:32: '\u{201C}' (U+201C) is a typographic"
        ),
        (
            "- {name: cp, boot: local, mac: \u{2018}02:00:00:00:00:01\u{2019}}",
            "2:32: '\u{2018}' (U+2018) is a typographic"
        ),
        ("- name:\u{A0}cp\n  boot: local\n  mac: 02:00:00:00:00:01", "2:8: U+00A0 is a space that"),
        ("- name: cp\n  boot: local\n\u{A0} mac: 02:00:00:00:00:01", "4:1: U+00A0 is a space that"),
        ("- name: cp\n  boot: local\n  mac: 02:00:00:00:00:01\u{A0}# lab", "4:25: U+00A0 is a space that"),
        ("-\u{A0}name: cp\n  boot: local\n  mac: 02:00:00:00:00:01", "2:2: U+00A0 is a space that"),
        ("- name: cp\n  boot: lo\u{200B}cal\n  mac: 02:00:00:00:00:01", "3:11: U+200B is not visible"),
        ("- name: cp\n  boot: local\n  mac: \"02:00:00:00:00:01\u{200B}\"", "4:26: U+200B is not visible"),
        ("- name: cp\n  \u{FEFF}boot: local\n  mac: 02:00:00:00:00:01", "3:3: U+FEFF is not visible"),
        ("- {name: cp, boot: local, mac: 02:00:00:00:00:01}\n\u{FEFF}unknown: wait", "3:1: U+FEFF is not visible"),
        ("- name: cp # about it\u{2028}  boot: local\n  mac: 02:00:00:00:00:01", "2:22: U+2028 is a line break"),
        (
            "- name: cp\n  boot: local\n  mac: 02:00:00:00:00:01\n  args: [\u{2013}quiet]",
            "5:10: '\u{2013}' (U+2013) is a dash"
        ),
        (
            "- name: cp\n  boot: local\n  mac: 02:00:00:00:00:01\n  args: [a=\u{201D}b\u{201D}]",
            "5:12: '\u{201D}' (U+201D) is a typ"
        ),
    ])
    func aLookAlikeIsNamedAtItsPlace(entry: String, expected: String) throws {
        let found = try problems("machines:\n\(entry)\n")
        #expect(found.contains { $0.hasPrefix(expected) }, "\(found)")
    }

    @Test func oneFaultIsOneProblem() throws {
        #expect(
            try problems("machines:\n- {name: cp, boot: local, mac: \u{201C}02:00:00:00:00:01\u{201D}}\n") == [
                "2:32: '\u{201C}' (U+201C) is a typographic quotation mark, which quotes nothing; write a straight \""
            ])
    }

    @Test(arguments: [
        "# \u{201C}quoted\u{201D}\u{A0}\nmachines: []",
        "machines:\n- {name: Bob\u{2019}s Kiste, boot: local, mac: 02:00:00:00:00:01}",
        "machines:\n- {name: \"rack \u{201C}A\u{201D}\", boot: local, mac: 02:00:00:00:00:01}",
        "machines:\n- {name: Küche 3, boot: local, mac: 02:00:00:00:00:01}", "\u{FEFF}machines: []",
        "schematics:\n  a:\n    customization:\n      embeddedMachineConfiguration: |\n        # \u{201C}x\u{201D}\u{A0}y\nmachines: []",
    ])
    func whatMisleadsNobodyIsLeftAlone(text: String) throws { #expect(try problems(text + "\n") == []) }

    @Test func schematicsWithLookAlikesAreNamed() throws {
        let text = "customization:\n  extraKernelArgs: [\u{201C}quiet\u{201D}]\n"
        let filed = try problems("schematics:\n  a: s.yaml\nmachines: []\n", schematic: text)
        #expect(
            filed.count == 1
                && filed[0].hasPrefix("2:6: schematic 'a', file FOLDER/s.yaml, line 2, column 21: '\u{201C}'"),
            "\(filed)")
        let inline = try problems(
            "schematics:\n  a: {customization: {extraKernelArgs: [\u{201C}quiet\u{201D}]}}\nmachines: []\n")
        #expect(inline.count == 1 && inline[0].hasPrefix("2:41: '\u{201C}'"), "\(inline)")
    }
}

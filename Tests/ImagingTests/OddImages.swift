import Foundation
import TarArchives
import Testing

@testable import Imaging

/// Extension images that are odd, and what becomes of them. Their names are those of a comparison with Talos' own imager,
/// which made the same of them unless a comment says otherwise.
struct OddImage: Sendable, CustomTestStringConvertible {
    let name: String
    let layers: [[UInt8]]
    let outcome: Outcome

    enum Outcome: Sendable {
        /// The lines that `OddImagesTests.describe` gives, sorted.
        case image([String])
        /// What the error says.
        case refused(String)
    }

    var testDescription: String { name }

    /// - Parameter layers: the members of each layer; a manifest and `rootfs` come before those of the first.
    init(_ name: String, _ layers: [TarMember]..., is outcome: Outcome) {
        self.init(
            raw: name,
            layers.enumerated().map { index, members in archive(index == 0 ? layer(members, name: name) : members) },
            is: outcome)
    }

    init(raw name: String, _ layers: [[UInt8]], is outcome: Outcome) {
        self.name = name
        self.layers = layers
        self.outcome = outcome
    }
}

/// A tar archive of `members`; those with a type flag are of types that our writer does not make.
func archive(_ members: [TarMember], special: [(path: String, flag: Character)] = []) -> [UInt8] {
    do {
        var bytes = Array(try TarArchive.encode(members).dropLast(TarArchive.trailer.count))
        for (path, flag) in special {
            var header = try TarEntry(path: path, kind: .file, mode: 0o640).encode()
            header[156] = flag.asciiValue ?? 0
            for index in 148..<156 { header[index] = 0x20 }
            let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
            for (index, digit) in ("000000" + sum).utf8.suffix(6).enumerated() { header[148 + index] = digit }
            header[154] = 0
            bytes += header
        }
        return bytes + TarArchive.trailer
    } catch {
        return Array("\(error)".utf8)
    }
}

/// An archive as GNU tar writes it.
private func gnuArchive(_ format: String) -> [UInt8] {
    do {
        let folder = try TestFolder()
        let long = String(repeating: "n", count: 90)
        let deep = "rootfs/usr/local/" + String(repeating: "d", count: 90) + "/" + String(repeating: "e", count: 40)
        let script =
            """
            mkdir -p rootfs; cp manifest rootfs/../manifest.yaml; mkdir -p \(deep); printf x >\(deep)/\(long)
            chmod 755 rootfs rootfs/usr rootfs/usr/local \(deep) \(deep)/..; chmod 644 \(deep)/\(long)
            tar --format=\(format) --owner=1000 --group=1000 -cf archive manifest.yaml rootfs
            """
        try Data(manifest()).write(to: URL(filePath: folder.path + "/manifest"))
        try run("/bin/sh", ["-euc", script], in: folder.path)
        return [UInt8](FileManager.default.contents(atPath: folder.path + "/archive") ?? Data())
    } catch {
        return Array("\(error)".utf8)
    }
}

private func text(_ path: String, _ content: String = "", mode: UInt32 = 0o644, label: String? = nil) -> TarMember {
    file(path, Array(content.utf8), mode: mode, label: label)
}

private let firmware = "rootfs/usr/lib/firmware"
private let long = String(repeating: "l", count: 255)
private let part = String(repeating: "p", count: 60)

extension OddImage {
    private static func withManifest(_ name: String, _ manifest: String, is outcome: Outcome) -> OddImage {
        OddImage(
            raw: name, [archive([text("manifest.yaml", manifest), directory("rootfs"), text("rootfs/a", "a")])],
            is: outcome)
    }

    private static func manifestText(name: String = "x", talos: String = "\">= v1.0.0\"", more: String = "") -> String {
        "version: v1alpha1\nmetadata:\n  name: \(name)\n  version: 1\n\(more)  compatibility: {talos: {version: \(talos)}}\n"
    }

    /// Those that one image shows.
    static let all: [OddImage] = links + firmwares + manifests + layerings + others

    private static let links: [OddImage] = [
        // The imager makes an empty file of a hard link, and no program can use that.
        OddImage(
            "links",
            [
                directory("rootfs/usr"), directory("rootfs/usr/local"), text("rootfs/usr/local/a", "hello\n"),
                hardLink("rootfs/usr/local/b", to: "rootfs/usr/local/a"), link("rootfs/usr/local/s", to: "a"),
                link("rootfs/usr/local/out", to: "../../../etc"),
            ],
            is: .image([
                "drwxr-xr-x .", "drwxr-xr-x usr", "drwxr-xr-x usr/local", "-rw-r--r-- usr/local/a hello\n",
                "-rw-r--r-- usr/local/b hello\n", "lrwxrwxrwx usr/local/out -> ../../../etc",
                "lrwxrwxrwx usr/local/s -> a",
            ])),
        OddImage(
            "hlfirst",
            [
                hardLink("rootfs/b", to: "rootfs/c"), hardLink("rootfs/c", to: "./rootfs/a"),
                text("rootfs/a", "x", mode: 0o600),
            ],
            is: .image(["drwxr-xr-x .", "-rw------- a x", "-rw------- b x", "-rw------- c x"])),
        OddImage(
            "hllower", [text("rootfs/a", "hello")], [hardLink("rootfs/b", to: "rootfs/a")],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- a hello", "-rw-r--r-- b hello"])),
        // Another name of a link is a link.
        OddImage(
            "hlsym", [link("rootfs/s", to: "/etc/x"), hardLink("rootfs/b", to: "rootfs/s")],
            is: .image(["drwxr-xr-x .", "lrwxrwxrwx b -> /etc/x", "lrwxrwxrwx s -> /etc/x"])),
        OddImage(
            "abslink",
            [link("rootfs/etc", to: "/tmp"), text("rootfs/etc/x", "1"), text("rootfs/f", "2"), text("rootfs/f/y")],
            is: .image(["drwxr-xr-x .", "lrwxrwxrwx etc -> /tmp", "-rw-r--r-- f 2"])),
    ]

    private static let firmwares: [OddImage] = [
        // In firmware, links to what has left for the initramfs already are errors of the imager.
        OddImage(
            "fwlinks",
            [
                text(firmware + "/a.bin", "A"), link(firmware + "/b.bin", to: "a.bin"),
                text(firmware + "/sub/c.bin", "C"),
                link(firmware + "/subl", to: "sub"),
            ],
            is: .image([
                "drwxr-xr-x .", "drwx------ usr", "drwx------ usr/lib", "fw 40700 usr/lib/firmware",
                "fw 100644 usr/lib/firmware/a.bin A", "fw 100644 usr/lib/firmware/b.bin A",
                "fw 40700 usr/lib/firmware/sub", "fw 100644 usr/lib/firmware/sub/c.bin C",
                "fw 40700 usr/lib/firmware/subl", "fw 100644 usr/lib/firmware/subl/c.bin C",
            ])),
        OddImage(
            "fwup", [text(firmware + "/a.bin", "A"), link(firmware + "/sub/up.bin", to: "../a.bin")],
            is: .image([
                "drwxr-xr-x .", "drwx------ usr", "drwx------ usr/lib", "fw 40700 usr/lib/firmware",
                "fw 100644 usr/lib/firmware/a.bin A", "fw 40700 usr/lib/firmware/sub",
                "fw 100644 usr/lib/firmware/sub/up.bin A",
            ])),
        OddImage(
            "fwdang", [link(firmware + "/dang.bin", to: "nowhere.bin")],
            is: .refused("'rootfs/usr/lib/firmware/dang.bin' is a link to 'nowhere.bin', which leads nowhere")),
        OddImage(
            "fwabs", [text(firmware + "/a.bin", "A"), link(firmware + "/abs.bin", to: "/usr/lib/firmware/a.bin")],
            is: .image([
                "drwxr-xr-x .", "drwx------ usr", "drwx------ usr/lib", "fw 40700 usr/lib/firmware",
                "fw 100644 usr/lib/firmware/a.bin A", "fw 100644 usr/lib/firmware/abs.bin A",
            ])),
        OddImage(
            "fwouter", [text("rootfs/usr/share/o.bin", "O"), link(firmware + "/o.bin", to: "../../share/o.bin")],
            is: .image([
                "drwxr-xr-x .", "drwx------ usr", "drwx------ usr/lib", "drwx------ usr/share",
                "-rw-r--r-- usr/share/o.bin O",
                "fw 40700 usr/lib/firmware", "fw 100644 usr/lib/firmware/o.bin O",
            ])),
        OddImage(
            "ucode",
            [
                text(firmware + "/intel-ucode/b", "B"), text(firmware + "/intel-ucode/a", "A"),
                text(firmware + "/amd-ucode/microcode_amd.bin", "X"), text(firmware + "/amd-ucode/readme", "R"),
            ],
            is: .image([
                "drwxr-xr-x .", "drwx------ usr", "drwx------ usr/lib", "amd X", "intel AB",
                "fw 40700 usr/lib/firmware",
                "fw 40700 usr/lib/firmware/amd-ucode", "fw 100644 usr/lib/firmware/amd-ucode/readme R",
                "fw 40700 usr/lib/firmware/intel-ucode",
            ])),
        OddImage(
            "ucode2", [text(firmware + "/intel-ucode/aa", "A"), link(firmware + "/intel-ucode/zz", to: "aa")],
            is: .image([
                "drwxr-xr-x .", "drwx------ usr", "drwx------ usr/lib", "intel AA", "fw 40700 usr/lib/firmware",
                "fw 40700 usr/lib/firmware/intel-ucode",
            ])),
        OddImage(
            "ucodesub", [text(firmware + "/intel-ucode/sub/x", "X")],
            is: .refused("'rootfs/usr/lib/firmware/intel-ucode/sub' has to be a file")),
        OddImage(
            "fwonly",
            [directory("rootfs/usr"), directory("rootfs/usr/lib"), directory(firmware), text(firmware + "/a", "A")],
            is: .image([
                "drwxr-xr-x .", "drwxr-xr-x usr", "drwxr-xr-x usr/lib", "fw 40755 usr/lib/firmware",
                "fw 100644 usr/lib/firmware/a A",
            ])),
        OddImage(
            "fwroot",
            [
                directory("rootfs/usr"), directory("rootfs/usr/lib"), directory(firmware),
                directory(firmware + "/d", mode: 0o1777), text(firmware + "/z.bin", "Z", mode: 0o4755),
                text(firmware + "/w.bin", "W", mode: 0o666), text(firmware + "/p.bin", "P", mode: 0o600),
            ],
            is: .image([
                "drwxr-xr-x .", "drwxr-xr-x usr", "drwxr-xr-x usr/lib", "fw 40755 usr/lib/firmware",
                "fw 40755 usr/lib/firmware/d", "fw 100600 usr/lib/firmware/p.bin P",
                "fw 100644 usr/lib/firmware/w.bin W",
                "fw 100755 usr/lib/firmware/z.bin Z",
            ])),
        OddImage("fwfile", [text(firmware, "F")], is: .refused("'rootfs/usr/lib/firmware' has to be a directory")),
        OddImage(
            "fwsymdir", [text("rootfs/usr/share/fw/a.bin", "A"), link(firmware, to: "../share/fw")],
            is: .image([
                "drwxr-xr-x .", "drwx------ usr", "drwx------ usr/lib", "drwx------ usr/share",
                "drwx------ usr/share/fw",
                "-rw-r--r-- usr/share/fw/a.bin A", "fw 40700 usr/lib/firmware", "fw 100644 usr/lib/firmware/a.bin A",
            ])),
        OddImage(
            "otherfw", [text("rootfs/lib/firmware/a", "A")],
            is: .image(["drwxr-xr-x .", "drwx------ lib", "drwx------ lib/firmware", "-rw-r--r-- lib/firmware/a A"])),
    ]

    private static let manifests: [OddImage] = [
        OddImage("badtop", [text("extra")], is: .refused("it has 'extra' besides 'manifest.yaml' and 'rootfs'")),
        OddImage(raw: "nomanifest", [archive([directory("rootfs")])], is: .refused("it has no file 'manifest.yaml'")),
        OddImage(
            raw: "noroot", [archive([file("manifest.yaml", manifest())])], is: .refused("it has no directory 'rootfs'")),
        OddImage("emptyroot", [], is: .image(["drwxr-xr-x ."])),
        withManifest(
            "nocompat", "version: v1alpha1\nmetadata: {name: x, version: 1}\n",
            is: .image(["drwxr-xr-x .", "-rw-r--r-- a a"])),
        withManifest("badcompat", manifestText(talos: "banana"), is: .refused("'banana' is not a range of versions")),
        withManifest(
            "manifestodd", manifestText(more: "  nobody: {knows: [this]}\n"),
            is: .image(["drwxr-xr-x .", "-rw-r--r-- a a"])),
        withManifest(
            "yamlodd", manifestText(talos: "\">= v1.0.0, < v2.0.0\""),
            is: .refused("'>= v1.0.0, < v2.0.0' is not a range")),
        withManifest("yamlnum", manifestText(name: "1.10"), is: .image(["drwxr-xr-x .", "-rw-r--r-- a a"])),
        withManifest("badversion", "version: v1beta1\n", is: .refused("only \"v1alpha1\" is supported")),
        OddImage(
            raw: "manifest2",
            [
                archive([text("manifest.yaml", "version: v0"), directory("rootfs")]),
                archive([file("manifest.yaml", manifest())]),
            ],
            is: .image(["drwxr-xr-x ."])),
    ]

    private static let layerings: [OddImage] = [
        OddImage(
            "whiteout",
            [text("rootfs/d/a", "1"), text("rootfs/b", "1"), text("rootfs/c", "1")],
            [text("rootfs/.wh.b"), text("rootfs/d/.wh.a")],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- c 1", "drwx------ d"])),
        OddImage(
            "whdir", [text("rootfs/d/a", "1"), text("rootfs/d/b/c", "1")], [text("rootfs/.wh.d")],
            is: .image(["drwxr-xr-x ."])),
        // A whiteout hides what lower layers have (image specification, "Whiteouts"); the imager loses the file.
        OddImage(
            "whsame", [text("rootfs/x", "old")], [text("rootfs/.wh.x"), text("rootfs/x", "new")],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- x new"])),
        OddImage(
            "dirfile", [text("rootfs/x/a", "1")], [text("rootfs/x", "file")],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- x file"])),
        OddImage(
            "filedir", [text("rootfs/x", "1")], [directory("rootfs/x"), text("rootfs/x/a", "2")],
            is: .image(["drwxr-xr-x .", "drwxr-xr-x x", "-rw-r--r-- x/a 2"])),
        OddImage(
            "dirmode", [directory("rootfs/x", mode: 0o711), text("rootfs/x/a")], [directory("rootfs/x", mode: 0o750)],
            is: .image(["drwxr-xr-x .", "drwxr-x--- x", "-rw-r--r-- x/a"])),
        OddImage(
            "three", [text("rootfs/a", "1"), text("rootfs/b", "1")], [text("rootfs/a", "2"), text("rootfs/.wh.b")],
            [text("rootfs/b", "3"), text("rootfs/c", "3")],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- a 2", "-rw-r--r-- b 3", "-rw-r--r-- c 3"])),
        OddImage(
            "twice",
            [
                text("rootfs/t", "first"), text("rootfs/t", "second"), link("rootfs/t", to: "third"),
                directory("rootfs/t"),
            ],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- t first"])),
        OddImage(
            "dirtwice",
            [
                directory("rootfs/x", mode: 0o755), text("rootfs/x/a"), directory("rootfs/x", mode: 0o711),
                text("rootfs/x", "file"),
            ],
            is: .image(["drwxr-xr-x .", "drwxr-xr-x x", "-rw-r--r-- x/a"])),
        // A directory whose entry comes after its members has the entry's mode.
        OddImage(
            "dirlater", [text("rootfs/x/a"), directory("rootfs/x", mode: 0o711)],
            is: .image(["drwxr-xr-x .", "drwx--x--x x", "-rw-r--r-- x/a"])),
        OddImage(
            "filelater", [directory("rootfs/x"), directory("rootfs/x/d"), text("rootfs/x/old")],
            [text("rootfs/x/d/a"), text("rootfs/x", "file")],
            is: .image([
                "drwxr-xr-x .", "drwxr-xr-x x", "drwxr-xr-x x/d", "-rw-r--r-- x/d/a", "-rw-r--r-- x/old",
            ])),
    ]

    private static let others: [OddImage] = [
        OddImage(
            "perm",
            [
                text("rootfs/usr/local/bin/tool", "t", mode: 0o4755), text("rootfs/usr/local/none", mode: 0),
                directory("rootfs/usr/local/sticky", mode: 0o1777), directory("rootfs/usr/local/closed", mode: 0),
            ],
            is: .image([
                "drwxr-xr-x .", "drwx------ usr", "drwx------ usr/local", "drwx------ usr/local/bin",
                "-rwsr-xr-x usr/local/bin/tool t", "drwx------ usr/local/closed", "---------- usr/local/none",
                "drwxrwxrwx usr/local/sticky",
            ])),
        OddImage(
            raw: "rootmode",
            [
                archive([
                    file("manifest.yaml", manifest()), directory("rootfs", mode: 0o2711), text("rootfs/usr/local/a"),
                ])
            ],
            is: .image(["drwx--x--x .", "drwx------ usr", "drwx------ usr/local", "-rw-r--r-- usr/local/a"])),
        OddImage(
            "selinux", [text("rootfs/a", "1", label: "system_u:object_r:bin_t:s0"), text("rootfs/b", "2")],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- a 1 [system_u:object_r:bin_t:s0]", "-rw-r--r-- b 2"])),
        // The imager writes labels into a file with one word for each path.
        OddImage(
            "selsp", [text("rootfs/with space", "1", label: "system_u:object_r:bin_t:s0")],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- with space 1 [system_u:object_r:bin_t:s0]"])),
        OddImage(
            "xattrs",
            [
                {
                    var member = text("rootfs/a", "1", label: "l")
                    member.entry.extendedAttributes["user.note"] = [1]
                    member.entry.extendedAttributes["security.capability"] = [1, 2]
                    return member
                }()
            ], is: .image(["drwxr-xr-x .", "-rw-r--r-- a 1 [l]"])),
        OddImage(
            "names",
            [
                text("rootfs/\(long)", "1"), text("rootfs/with\ttab", "2"), text("rootfs/e\u{301}", "3"),
                text("rootfs/\u{e9}", "4"),
                text("rootfs/.whx", "5"), text("rootfs/...", "6"),
                text("rootfs/\(part)/\(part)/\(part)/\(part)/\(part)/f", "7"),
            ],
            is: .image(
                [
                    "drwxr-xr-x .", "-rw-r--r-- \(long) 1", "-rw-r--r-- with\ttab 2", "-rw-r--r-- e\u{301} 3",
                    "-rw-r--r-- \u{e9} 4",
                ]
                    + ["-rw-r--r-- .whx 5", "-rw-r--r-- ... 6"]
                    + (1...5).map { "drwx------ " + Array(repeating: part, count: $0).joined(separator: "/") }
                    + ["-rw-r--r-- \(part)/\(part)/\(part)/\(part)/\(part)/f 7"])),
        OddImage(
            raw: "fifo", [archive(layer([]), special: [("rootfs/fifo", "6")])],
            is: .image(["drwxr-xr-x .", "-rw-r----- fifo"])),
        OddImage(
            raw: "chardev", [archive(layer([]), special: [("rootfs/null", "3"), ("rootfs/disk", "4")])],
            is: .image(["drwxr-xr-x .", "-rw-r----- disk", "-rw-r----- null"])),
        OddImage(
            raw: "dotslash",
            [
                archive([
                    directory("./"), file("./manifest.yaml", manifest()), directory("./rootfs/"),
                    text(".//rootfs/./a", "1"),
                    text("rootfs/x/../b", "2"),
                ])
            ], is: .image(["drwxr-xr-x .", "-rw-r--r-- a 1", "-rw-r--r-- b 2"])),
        OddImage(
            raw: "absolute",
            [
                archive([
                    file("/manifest.yaml", manifest()), directory("//rootfs"), text("/rootfs/a", "1"),
                    hardLink("/rootfs/b", to: "/rootfs/a"),
                ])
            ],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- a 1", "-rw-r--r-- b 1"])),
        OddImage("escape", [text("../evil")], is: .refused("its path climbs out with '..'")),
        OddImage(
            "big", [file("rootfs/a", [UInt8](repeating: UInt8(ascii: "x"), count: 300_000))],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- a " + String(repeating: "x", count: 300_000)])),
        OddImage(
            "dupcontent", [text("rootfs/a", "same"), text("rootfs/b", "same")],
            is: .image(["drwxr-xr-x .", "-rw-r--r-- a same", "-rw-r--r-- b same"])),
        OddImage(raw: "gnu", [gnuArchive("gnu")], is: gnuOutcome),
        OddImage(raw: "ustar", [gnuArchive("ustar")], is: gnuOutcome),
    ]

    private static let gnuOutcome: Outcome = {
        let first = "usr/local/" + String(repeating: "d", count: 90)
        let second = first + "/" + String(repeating: "e", count: 40)
        return .image([
            "drwxr-xr-x .", "drwxr-xr-x usr", "drwxr-xr-x usr/local", "drwxr-xr-x \(first)", "drwxr-xr-x \(second)",
            "-rw-r--r-- \(second)/\(String(repeating: "n", count: 90)) x",
        ])
    }()
}

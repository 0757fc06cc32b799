import Bytes
import CTesting
import CodecTesting
import Compression
import FolderTesting
import Foundation
import Glibc
import SquashFS
import Testing

private let time: UInt32 = 1_559_424_892
private let block = SquashFSPlan.blockSize

/// A tree whose contents are in memory.
private struct Tree {
    var entries = [SquashFSEntry(path: "", kind: .directory, permissions: 0o755)]
    var contents: [[UInt8]] = []

    mutating func directory(_ path: String, _ permissions: UInt16 = 0o755, _ attributes: [String: [UInt8]] = [:]) {
        entries.append(
            SquashFSEntry(path: path, kind: .directory, permissions: permissions, extendedAttributes: attributes))
    }

    mutating func file(
        _ path: String, _ content: [UInt8], _ permissions: UInt16 = 0o644, _ attributes: [String: [UInt8]] = [:]
    ) {
        entries.append(
            SquashFSEntry(
                path: path, kind: .file(.init(id: contents.count, size: UInt64(content.count))),
                permissions: permissions, extendedAttributes: attributes))
        contents.append(content)
    }

    mutating func link(_ path: String, _ target: String, _ attributes: [String: [UInt8]] = [:]) {
        entries.append(
            SquashFSEntry(
                path: path, kind: .symbolicLink(target: target), permissions: 0o777, extendedAttributes: attributes))
    }

    func image(_ compression: SquashFSCompression, batch: Int = 16, piece: Int = 50_000) throws -> [UInt8] {
        let plan = try SquashFSPlan(entries, compression: compression, modificationTime: time)
        let settings: CompressionSettings =
            switch compression {
            case .zlib: .gzip()
            case .xz: .xz(preset: 1, dictionarySize: 131_072)
            case .zstd: .zstd(level: 3)
            }
        final class Collected { var bytes: [UInt8] = [] }
        let collected = Collected()
        let superblock = try plan.write(
            reading: { id, sink in
                let content = contents[id]
                for start in stride(from: 0, to: content.count, by: piece) {
                    try content[start..<min(start + piece, content.count)].withUnsafeBytes(sink)
                }
            }, compressing: { try $0.map { try compress($0, settings) } }, blocksPerBatch: batch
        ) { collected.bytes += $0 }
        return superblock + collected.bytes
    }
}

/// Runs unsquashfs on `image` and gives what it printed, and the folder it worked in.
private func unsquash(_ image: [UInt8], _ arguments: [String], check: (URL, String) throws -> Void) throws {
    let folder = try TemporaryFolder()
    try folder.write("image", image)
    let output = try folder.run("unsquashfs", ["-no-progress"] + arguments + ["image"])
    try withExtendedLifetime(folder) {
        try check(URL(filePath: folder.path), String(decoding: output, as: UTF8.self))
    }
}

/// Unpacks `image` and compares it with `tree`.
private func compare(_ image: [UInt8], with tree: Tree) throws {
    try unsquash(image, ["-no-xattrs", "-d", "tree"]) { folder, _ in
        let root = folder.appending(path: "tree")
        for entry in tree.entries where !entry.path.isEmpty {
            let url = root.appending(path: entry.path)
            let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
            switch entry.kind {
            case .directory: #expect(attributes[.type] as? FileAttributeType == .typeDirectory)
            case .file(let content):
                #expect([UInt8](try Data(contentsOf: url)) == tree.contents[content.id], "\(entry.path)")
            case .symbolicLink(let target):
                #expect(try FileManager.default.destinationOfSymbolicLink(atPath: url.path) == target)
                continue
            }
            #expect((attributes[.posixPermissions] as? Int ?? 0) & 0o777 == Int(entry.permissions & 0o777))
            #expect((attributes[.modificationDate] as? Date)?.timeIntervalSince1970 == Double(time))
        }
        var count = 0
        for _ in try #require(FileManager.default.enumerator(atPath: root.path)) { count += 1 }
        #expect(count == tree.entries.count - 1)
    }
}

/// An extended attribute, of the link itself where there is one.
private func attribute(_ name: String, of url: URL) -> [UInt8]? {
    var value = [UInt8](repeating: 0, count: 256)
    let count = lgetxattr(url.path, name, &value, value.count)
    return count < 0 ? nil : Array(value.prefix(count))
}

private func random(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in .random(in: .min ... .max, using: &generator) }
}

private func text(_ count: Int, _ word: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var line = 0
    while bytes.count < count {
        bytes += Array("\(word) \(line)\n".utf8)
        line += 1
    }
    return Array(bytes.prefix(count))
}

private func variedTree() -> Tree {
    var tree = Tree()
    tree.directory("usr")
    tree.directory("usr/lib", 0o700)
    tree.directory("usr/lib/empty")
    tree.file("usr/lib/none", [])
    tree.file("usr/lib/one", [1], 0o400)
    tree.file("usr/lib/short", text(block - 1, "short"), 0o4755)
    tree.file("usr/lib/exact", text(block, "exact"))
    tree.file("usr/lib/two", text(2 * block, "two"))
    tree.file("usr/lib/more", text(3 * block + 17, "more"))
    tree.file("usr/lib/random", random(block + 100, seed: 3))
    tree.file("usr/lib/random-small", random(1000, seed: 4))
    tree.file("usr/zeros", [UInt8](repeating: 0, count: 2 * block))
    tree.file("usr/zeros-and-a-bit", [UInt8](repeating: 0, count: 2 * block + 5))
    tree.file("usr/hole", text(block, "before") + [UInt8](repeating: 0, count: 2 * block) + text(block, "after"))
    tree.file("usr/hole-first", [UInt8](repeating: 0, count: block) + text(100, "after"))
    tree.file("usr/ünïcode", text(10, "x"))
    tree.link("usr/link", "lib/one")
    tree.link("absolute", "/" + String(repeating: "long/", count: 200))
    return tree
}

@Suite struct SquashFSTests {
    @Test(arguments: [SquashFSCompression.zstd, .xz], [1, 3, 16])
    func unsquashfsFindsTheTree(compression: SquashFSCompression, batch: Int) throws {
        let tree = variedTree()
        let image = try tree.image(compression, batch: batch)
        #expect(image.count.isMultiple(of: 4096))
        try compare(image, with: tree)
    }

    @Test func theSameTreeGivesTheSameBytes() throws {
        var tree = variedTree()
        let image = try tree.image(.zstd)
        tree.entries.shuffle()
        #expect(try tree.image(.zstd, batch: 5, piece: 777) == image)
    }

    @Test func tenThousandNamesInADirectory() throws {
        var tree = Tree()
        tree.directory("many")
        for number in 0..<10_000 { tree.file("many/a-name-of-some-length-\(number)", Array("\(number)".utf8)) }
        for number in 0..<300 {
            tree.directory("many/z\(number)")
            tree.link("many/z\(number)/link", "target")
        }
        tree.file("a", [1])
        tree.file("z", [2])
        try compare(try tree.image(.zstd), with: tree)
    }

    @Test func deepTrees() throws {
        var tree = Tree()
        var path = ""
        for level in 0..<200 {
            path += (path.isEmpty ? "" : "/") + "d\(level)"
            tree.directory(path)
            tree.file(path + "/f", Array(path.utf8))
        }
        try compare(try tree.image(.xz), with: tree)
    }

    @Test func listingTellsOwnersAndModes() throws {
        var tree = Tree()
        tree.directory("etc")
        tree.file("etc/shadow", [1, 2, 3], 0o400)
        try unsquash(try tree.image(.zstd), ["-lln"]) { _, listing in
            #expect(
                listing.contains("-r-------- 0/0                       3 2019-06-01 21:34 squashfs-root/etc/shadow"))
            #expect(listing.contains("drwxr-xr-x 0/0"))
        }
    }

    @Test func attributesAreKept() throws {
        var tree = Tree()
        let label = Array("system_u:object_r:system_state_t:s0\0".utf8)
        tree.directory("etc", 0o755, ["security.selinux": label])
        tree.file("etc/config", text(500, "x"), 0o400, ["security.selinux": label, "user.note": Array("hello".utf8)])
        tree.file("etc/none", [])
        tree.link("etc/link", "config", ["security.selinux": Array("other".utf8)])
        let image = try tree.image(.zstd)
        try compare(image, with: tree)
        try unsquash(image, ["-stat"]) { _, output in
            // Two lists: the directory's, the file's, the link's.
            #expect(output.contains("Number of xattr ids 3"))
        }
        try unsquash(image, ["-user-xattrs", "-d", "tree"]) { folder, _ in
            #expect(attribute("user.note", of: folder.appending(path: "tree/etc/config")) == Array("hello".utf8))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root may set security attributes"))
    func securityAttributesAreKept() throws {
        var tree = Tree()
        let label = Array("system_u:object_r:system_state_t:s0\0".utf8)
        tree.directory("etc", 0o755, ["security.selinux": label])
        tree.file("etc/none", [])
        tree.link("etc/link", "none", ["security.selinux": Array("other".utf8)])
        try unsquash(try tree.image(.xz), ["-xattrs", "-d", "tree"]) { folder, _ in
            let etc = folder.appending(path: "tree/etc")
            #expect(attribute("security.selinux", of: etc) == label)
            #expect(attribute("security.selinux", of: etc.appending(path: "link")) == Array("other".utf8))
            #expect(attribute("security.selinux", of: etc.appending(path: "none")) == nil)
        }
    }

    @Test func oneContentIsStoredOnce() throws {
        var tree = Tree()
        tree.file("a", random(block * 4, seed: 1))
        let single = try tree.image(.zstd).count
        tree.entries.append(
            SquashFSEntry(
                path: "b", kind: .file(.init(id: 0, size: UInt64(block * 4))), permissions: 0o644))
        let image = try tree.image(.zstd)
        #expect(image.count <= single + 4096)
        try compare(image, with: tree)
    }

    @Test func blocksMayBeStored() throws {
        let tree = variedTree()
        let plan = try SquashFSPlan(tree.entries, compression: .zstd, modificationTime: time)
        let image = try plan.encode(
            reading: { id, sink in try tree.contents[id].withUnsafeBytes(sink) },
            compressing: { $0.map { _ in nil } })
        try compare(image, with: tree)
    }

    @Test func impossibleTreesAreNamed() {
        func plan(_ paths: [String]) throws(SquashFSError) {
            _ = try SquashFSPlan(
                paths.map { SquashFSEntry(path: $0, kind: .directory, permissions: 0o755) }, compression: .zstd,
                modificationTime: 0)
        }
        #expect(throws: SquashFSError.missingDirectory(path: "")) { try plan(["a"]) }
        #expect(throws: SquashFSError.missingDirectory(path: "a/b")) { try plan(["", "a/b"]) }
        #expect(throws: SquashFSError.duplicatePath("a")) { try plan(["", "a", "a"]) }
        #expect(throws: SquashFSError.duplicatePath("")) { try plan(["", ""]) }
        for path in ["..", "a/../b", "/a", "a//b", "a/", String(repeating: "n", count: 257)] {
            #expect(throws: SquashFSError.self, "\(path)") { try plan(["", "a", path]) }
        }
        let large = SquashFSEntry(path: "a", kind: .file(.init(id: 0, size: 1 << 32)), permissions: 0)
        #expect(throws: SquashFSError.fileTooLarge(path: "a")) {
            try SquashFSPlan([large], compression: .zstd, modificationTime: 0)
        }
        let attribute = SquashFSEntry(
            path: "", kind: .directory, permissions: 0, extendedAttributes: ["system.acl": []])
        #expect(throws: SquashFSError.invalidAttribute(path: "", name: "system.acl")) {
            try SquashFSPlan([attribute], compression: .zstd, modificationTime: 0)
        }
    }

    /// To the kernel names are bytes: the same letter written in two ways is two files, and an accent is a letter.
    @Test func namesAreBytes() throws {
        let (composed, decomposed) = ("\u{e9}", "e\u{301}")
        var tree = Tree()
        tree.directory(composed)
        tree.file(composed + "/x", [1])
        tree.directory(decomposed)
        tree.file(decomposed + "/x", [2])
        tree.file("\u{301}", [3])
        tree.file(composed + "/\u{301}", [4])
        try compare(try tree.image(.zstd), with: tree)
        // Nor are two lists of attributes one because their names look alike.
        tree.file("a", [], 0o644, ["user." + composed: [1]])
        tree.file("b", [], 0o644, ["user." + decomposed: [1]])
        try unsquash(try tree.image(.zstd), ["-stat"]) { _, output in
            #expect(output.contains("Number of xattr ids 2"))
        }
    }

    @Test func contentOfAnotherLengthIsAnError() throws {
        var tree = Tree()
        tree.file("a", [1, 2, 3])
        let plan = try SquashFSPlan(tree.entries, compression: .zstd, modificationTime: time)
        for length in [2, 4] {
            #expect(throws: SquashFSError.contentLength(path: "a", expected: 3)) {
                try plan.encode(
                    reading: { _, sink in try [UInt8](repeating: 1, count: length).withUnsafeBytes(sink) },
                    compressing: { $0.map { _ in nil } })
            }
        }
    }
}

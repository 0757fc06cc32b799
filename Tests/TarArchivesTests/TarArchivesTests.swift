import Bytes
import CodecTesting
import FolderTesting
import Foundation
import TarArchives
import Testing

private struct Member: Equatable {
    var entry: TarEntry
    var content: [UInt8]
}

private func read(_ bytes: [UInt8], limits: TarLimits = TarLimits(), piece: Int = .max) throws -> [Member] {
    let reader = TarReader(limits: limits)
    var members: [Member] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        let part = rest.prefix(piece)
        rest = rest.dropFirst(part.count)
        try reader.write(Array(part)) {
            switch $0 {
            case .entry(let entry): members.append(Member(entry: entry, content: []))
            case .data(let data): members[members.count - 1].content.append(contentsOf: data)
            case .end: break
            }
        }
    }
    try reader.finish()
    return members
}

/// Runs a program in a new folder that `prepare` fills, and gives what it printed.
private func run(
    _ program: String, _ arguments: [String], prepare: (URL) throws -> Void, result: (URL, [UInt8]) throws -> Void
) throws {
    let folder = try TemporaryFolder()
    let place = URL(filePath: folder.path)
    try FileManager.default.createDirectory(at: place.appending(path: "tree"), withIntermediateDirectories: true)
    try prepare(place)
    let output = try folder.run(program, arguments)
    try withExtendedLifetime(folder) { try result(place, output) }
}

private let longName = String(repeating: "directory-of-some-length/", count: 12) + "file"
private let members: [(entry: TarEntry, content: [UInt8])] = [
    (TarEntry(path: "rootfs", kind: .directory, mode: 0o755), []),
    (TarEntry(path: "rootfs/empty", kind: .file, mode: 0o644, modificationTime: 1_559_424_892), []),
    (TarEntry(path: "rootfs/exact", kind: .file, mode: 0o4755), [UInt8](repeating: 7, count: 512)),
    (TarEntry(path: "rootfs/ünïcode", kind: .file, mode: 0o400), Array("hello".utf8)),
    (TarEntry(path: longName, kind: .file, mode: 0o644), Array("far down".utf8)),
    (TarEntry(path: "split/" + String(repeating: "x", count: 99), kind: .file, mode: 0o644), [1]),
    (TarEntry(path: "link", kind: .symbolicLink(target: longName), mode: 0o777), []),
    (TarEntry(path: "hard", kind: .hardLink(target: "rootfs/exact"), mode: 0o644), []),
    (
        TarEntry(
            path: "labelled", kind: .file, mode: 0o644,
            extendedAttributes: ["security.selinux": Array("system_u:object_r:x_t:s0\0".utf8)]), [1, 2, 3]
    ),
]

@Test(arguments: [1, 511, Int.max])
func whatIsWrittenComesBack(piece: Int) throws {
    let archive = try TarArchive.encode(members)
    #expect(archive.count.isMultiple(of: 512))
    let found = try read(archive, piece: piece)
    let expected = members.map { member in
        var entry = member.entry
        entry.size = UInt64(member.content.count)
        if entry.kind == .directory { entry.path += "/" }
        return Member(entry: entry, content: member.content)
    }
    #expect(found == expected)
    #expect(try TarArchive.encode(members) == archive)
}

@Test func tarExtractsWhatWeWrite() throws {
    let archive = try TarArchive.encode(members)
    try run(
        "tar", ["-xf", "archive", "-C", "tree"],
        prepare: { folder in
            try Data(archive).write(to: folder.appending(path: "archive"))
        }
    ) { folder, _ in
        let tree = folder.appending(path: "tree")
        for (entry, content) in members where entry.kind == .file {
            #expect([UInt8](try Data(contentsOf: tree.appending(path: entry.path))) == content)
            let attributes = try FileManager.default.attributesOfItem(atPath: tree.appending(path: entry.path).path)
            #expect((attributes[.posixPermissions] as? Int ?? 0) & 0o777 == Int(entry.mode & 0o777))
        }
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: tree.appending(path: "link").path) == longName)
        #expect([UInt8](try Data(contentsOf: tree.appending(path: "hard"))) == [UInt8](repeating: 7, count: 512))
    }
}

@Test(arguments: ["gnu", "pax", "ustar", "v7"])
func weReadWhatTarWrites(format: String) throws {
    let long = format == "ustar" || format == "v7" ? "a/b" : String(repeating: "long-component/", count: 12) + "b"
    try run(
        "tar", ["--format=\(format)", "--sort=name", "-cf", "archive", "tree"],
        prepare: { folder in
            let tree = folder.appending(path: "tree")
            let deep = tree.appending(path: long)
            try FileManager.default.createDirectory(
                at: deep.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("deep".utf8).write(to: deep)
            try FileManager.default.createSymbolicLink(
                atPath: tree.appending(path: "link").path, withDestinationPath: long)
            try FileManager.default.linkItem(at: deep, to: tree.appending(path: "zhard"))
        }
    ) { folder, _ in
        let found = try read([UInt8](try Data(contentsOf: folder.appending(path: "archive"))))
        #expect(found.first?.entry.path == "tree/")
        #expect(found.first { $0.entry.path == "tree/" + long }?.content == Array("deep".utf8))
        #expect(found.contains { $0.entry.path == "tree/link" && $0.entry.kind == .symbolicLink(target: long) })
        #expect(found.contains { $0.entry.path == "tree/zhard" && $0.entry.kind == .hardLink(target: "tree/" + long) })
    }
}

/// A header by hand, for what no writer of good will makes.
private func header(
    name: String, type: Character = "0", size: [UInt8] = Array("00000000000\0".utf8), magic: String = "ustar\0"
) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ offset: Int, _ bytes: some Sequence<UInt8>) {
        for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
    }
    put(0, name.utf8)
    put(100, "0000644\0".utf8)
    put(124, size)
    put(148, "        ".utf8)
    put(156, [type.asciiValue ?? 0])
    put(257, magic.utf8)
    let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
    put(148, (String(repeating: "0", count: 6 - sum.count) + sum + "\0 ").utf8)
    return block
}

@Test func sizesInBase256() throws {
    let size: [UInt8] = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]
    let archive =
        header(name: "a", size: size, magic: "ustar  ") + Array("12345".utf8) + [UInt8](repeating: 0, count: 507)
    #expect(try read(archive).map(\.content) == [Array("12345".utf8)])
    let huge: [UInt8] = [0x80] + [UInt8](repeating: 0xff, count: 11)
    #expect(throws: TarError.invalidField("size", position: 0)) { try read(header(name: "a", size: huge)) }
    let negative = [UInt8](repeating: 0xff, count: 12)
    #expect(throws: TarError.invalidField("size", position: 0)) { try read(header(name: "a", size: negative)) }
}

@Test func globalHeadersArePassedOver() throws {
    let record = Array("17 path=nonsense\n".utf8)
    let archive =
        header(name: "pax_global_header", type: "g", size: Array("00000000021\0".utf8)) + record
        + [UInt8](repeating: 0, count: 512 - record.count) + header(name: "real")
    #expect(try read(archive).map(\.entry.path) == ["real"])
}

@Test func theEndMarkMayBeMissingButNotTheEndOfAMember() throws {
    #expect(try read(header(name: "a")).count == 1)
    #expect(throws: TarError.truncated) { try read(header(name: "a", size: Array("00000000001\0".utf8))) }
    #expect(throws: TarError.truncated) { try read(Array(header(name: "a").prefix(500))) }
}

@Test func limitsHold() throws {
    var limits = TarLimits()
    limits.entries = 2
    #expect(throws: TarError.limitExceeded("members", limit: 2)) {
        try read(header(name: "a") + header(name: "b") + header(name: "c"), limits: limits)
    }
    limits = TarLimits()
    limits.contentLength = 4
    #expect(throws: TarError.limitExceeded("bytes of content", limit: 4)) {
        try read(header(name: "a", size: Array("00000000005\0".utf8)), limits: limits)
    }
    limits = TarLimits()
    limits.pathLength = 10
    #expect(throws: TarError.limitExceeded("bytes in a path", limit: 10)) {
        try read(header(name: "12345678901"), limits: limits)
    }
    #expect(throws: TarError.limitExceeded("bytes in an extended header", limit: 1 << 20)) {
        try read(header(name: "a", type: "L", size: Array("77777777777\0".utf8)))
    }
}

@Test(arguments: ["0 a=b\n", "5 a=b\n", "99999999999 a=b\n", "x a=b\n", "6 a=b", "-6 a=b\n", "6 ab!\n"])
func badExtendedHeadersAreNamed(record: String) {
    var size = String(record.utf8.count, radix: 8)
    size = String(repeating: "0", count: 11 - size.count) + size + "\0"
    let archive =
        header(name: "x", type: "x", size: Array(size.utf8)) + Array(record.utf8)
        + [UInt8](repeating: 0, count: 512 - record.utf8.count) + header(name: "a")
    #expect(throws: TarError.self) { try read(archive) }
}

/// What follows a name's last point may belong to one character with it, and the kernel sees bytes.
@Test func attributesAreNamedByBytes() throws {
    func archive(_ key: String) -> [UInt8] {
        let body = " \(key)=v\n"
        let length = body.utf8.count + (body.utf8.count < 98 ? 2 : 3)
        let record = "\(length)\(body)"
        var size = String(record.utf8.count, radix: 8)
        size = String(repeating: "0", count: 11 - size.count) + size + "\0"
        return header(name: "x", type: "x", size: Array(size.utf8)) + Array(record.utf8)
            + [UInt8](repeating: 0, count: 512 - record.utf8.count) + header(name: "a")
    }
    let entry = try #require(try read(archive("SCHILY.xattr.\u{301}user.x")).first?.entry)
    #expect(entry.extendedAttributes.keys.map { Array($0.utf8) } == [Array("\u{301}user.x".utf8)])
    #expect(throws: TarError.self) { try read(archive("GNU.sparse.\u{301}major")) }
    #expect(try read(archive("schily.xattr.user.x")).first?.entry.extendedAttributes == [:])
}

@Test func sparseFilesAndDevicesAreNotTakenForFiles() throws {
    #expect(throws: TarError.self) { try read(header(name: "a", type: "S")) }
    #expect(try read(header(name: "a", type: "3")).map(\.entry.kind) == [.other(UInt8(ascii: "3"))])
    #expect(throws: TarError.self) { try TarEntry(path: "a", kind: .other(51), mode: 0).encode() }
}

@Test func damageNeverTraps() throws {
    let archive = try TarArchive.encode(Array(members.suffix(3)) + [members[4]])
    let accepted = exerciseDecoder(on: archive, mutations: 500) { _ = try read(Array($0)) }
    #expect(accepted > 1)
}

@Suite struct EntryPathTests {
    @Test func pathsAreTakenApartByBytes() {
        #expect(EntryPath("./a//b/").normalized == Array("a/b".utf8))
        #expect(EntryPath("/").names.isEmpty && EntryPath("").names.isEmpty && EntryPath(".").names.isEmpty)
        #expect(EntryPath("/a").isAbsolute && !EntryPath("a").isAbsolute)
        #expect(EntryPath("a/../b").climbs && !EntryPath("a/..b").climbs)
        // A combining mark makes one character of the slash and itself, and the kernel sees neither.
        #expect(EntryPath("a/../\u{301}etc").climbs)
        #expect(EntryPath("a/..\u{301}").normalized == Array("a/..\u{301}".utf8) && !EntryPath("a/..\u{301}").climbs)
        #expect(EntryPath("\u{e9}") != EntryPath("e\u{301}"))
    }

    /// What many headers say before one member is counted together.
    @Test func extendedHeadersWithoutEndAreRefused() throws {
        var limits = TarLimits()
        limits.extendedHeaderLength = 10_000
        let entry = TarEntry(
            path: "a", kind: .file, mode: 0o644,
            extendedAttributes: ["user.x": [UInt8](repeating: 65, count: 3000)])
        // The extended header and its content, without the member that it is for.
        let header = Array(try entry.encode().dropLast(512))
        let reader = TarReader(limits: limits)
        for _ in 0..<3 { try reader.write(header) { _ in } }
        #expect(throws: TarError.limitExceeded("bytes in an extended header", limit: 10_000)) {
            try reader.write(header) { _ in }
        }
        // Each before its own member is fine.
        let other = TarReader(limits: limits)
        for _ in 0..<10 { try other.write(try entry.encode()) { _ in } }
    }
}

import Bytes
import CPIO
import CodecTesting
import FolderTesting
import Foundation
import Testing

private struct Member: Equatable {
    var entry: CPIOEntry
    var content: [UInt8]
}

private func read(_ bytes: [UInt8], piece: Int = .max, maximumEntries: Int = 100) throws -> [Member] {
    let reader = CPIOReader(maximumEntries: maximumEntries)
    var members: [Member] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        let part = rest.prefix(piece)
        rest = rest.dropFirst(part.count)
        try reader.write(Array(part)) {
            switch $0 {
            case .entry(let entry): members.append(Member(entry: entry, content: []))
            case .data(let data): members[members.count - 1].content.append(contentsOf: data)
            case .end, .trailer: break
            }
        }
    }
    try reader.finish()
    return members
}

private let time: UInt32 = 1_559_424_892

/// A shell line run in a new folder; gives the file `out`.
private func run(_ line: String, input: [UInt8] = []) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try folder.write("in", input)
    try folder.run("sh", ["-euc", line])
    return [UInt8](try Data(contentsOf: URL(filePath: "\(folder.path)/out")))
}

private let members: [(entry: CPIOEntry, content: [UInt8])] = [
    (.directory("tree", modificationTime: time), []),
    (.file("tree/five", size: 5, modificationTime: time), Array("12345".utf8)),
    (.file("tree/none", permissions: 0o400, size: 0, modificationTime: time), []),
    (CPIOEntry(path: "tree/to", mode: 0o120777, size: 4, modificationTime: time), Array("five".utf8)),
]

@Test(arguments: [1, 7, Int.max])
func whatIsWrittenComesBack(piece: Int) throws {
    let archive = try CPIOWriter.encode(members)
    #expect(archive.count.isMultiple(of: 512))
    #expect(try read(archive, piece: piece) == members.map { Member(entry: $0.entry, content: $0.content) })
}

@Test func theBytesAreThoseOfGNUCpio() throws {
    let archive = try run(
        """
        mkdir tree; printf 12345 >tree/five; : >tree/none; ln -s five tree/to; chmod 755 tree; chmod 644 tree/five
        chmod 400 tree/none; touch -h -d @\(time) tree/five tree/none tree/to; touch -d @\(time) tree
        find tree | sort | cpio -H newc --create --reproducible --quiet -R +0:+0 >out
        """)
    #expect(try CPIOWriter.encode(members) == archive)
}

@Test func gnuCpioListsWhatWeWrite() throws {
    let listing = try run("cpio -it --quiet <in >out", input: try CPIOWriter.encode(members))
    #expect(String(decoding: listing, as: UTF8.self) == "tree\ntree/five\ntree/none\ntree/to\n")
}

@Test func archivesFollowOneAnother() throws {
    let one = try CPIOWriter.encode([(.file("a", size: 1, modificationTime: 0), [1])])
    let other = try CPIOWriter.encode([(.file("b", size: 1, modificationTime: 0), [2])])
    #expect(try read(one + [0, 0, 0, 0, 0] + other).map(\.entry.path) == ["a", "b"])
}

@Test func limitsHold() throws {
    let archive = try CPIOWriter.encode(members)
    #expect(throws: CPIOError.tooManyEntries(limit: 3)) { try read(archive, maximumEntries: 3) }
    var writer = CPIOWriter()
    #expect(throws: CPIOError.fileTooLarge(path: "a")) {
        try writer.header(.file("a", size: 1 << 32, modificationTime: 0))
    }
    #expect(throws: CPIOError.notAHeader(position: 0)) { try read([UInt8](repeating: 0x41, count: 200)) }
}

@Test func everyTruncationInsideTheArchiveIsAnError() throws {
    let archive = try CPIOWriter.encode(members)
    let end = archive.lastIndex { $0 != 0 } ?? 0
    for length in 0..<end {
        #expect(throws: CPIOError.self) { try read(Array(archive.prefix(length))) }
    }
}

@Test func damageNeverTraps() throws {
    let accepted = exerciseDecoder(on: try CPIOWriter.encode(members)) { _ = try read(Array($0)) }
    #expect(accepted > 1)
}

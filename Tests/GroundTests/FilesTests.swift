import Files
import FolderTesting
import Foundation
import Glibc
import SystemPackage
import Testing

/// Real files, through the one owner of descriptors.
@Suite struct FilesTests {
    private let folder: TemporaryFolder
    private static let content = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) }

    init() throws { folder = try TemporaryFolder() }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    /// Whether a number is that of an open file that programs do not inherit.
    private func isOwn(_ descriptor: FileDescriptor) -> Bool { fcntl(descriptor.rawValue, F_GETFD) == FD_CLOEXEC }

    @Test func aFileIsOpenAsLongAsItsOwnerIsThere() throws {
        let path = try folder.write("file", "text")
        // A number that no other test's file gets meanwhile.
        let high = try OwnedDescriptor(opening: path)
        let number = FileDescriptor(rawValue: fcntl(high.descriptor.rawValue, F_DUPFD_CLOEXEC, 700))
        do {
            let file = OwnedDescriptor(owning: number)
            let borrowed = file.descriptor
            #expect(isOwn(borrowed))
        }
        #expect(fcntl(number.rawValue, F_GETFD) == -1)
        let again = FileDescriptor(rawValue: fcntl(high.descriptor.rawValue, F_DUPFD_CLOEXEC, number.rawValue))
        OwnedDescriptor(owning: again).close()
        #expect(fcntl(again.rawValue, F_GETFD) == -1)
        #expect(isOwn(high.descriptor))
    }

    @Test func whatCannotBeOpenedSaysWhy() throws {
        let path = try folder.write("file", "text")
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try OwnedDescriptor(opening: path + "x") }
        #expect(throws: Errno.notDirectory) { _ = try OwnedDescriptor(opening: path, .readOnly, .directory) }
        #expect(throws: Errno.fileExists) {
            _ = try OwnedDescriptor(
                opening: path, .writeOnly, [.create, .exclusiveCreate], permissions: .ownerReadWrite)
        }
        #expect(Errno.noSuchFileOrDirectory.description == String(cString: strerror(ENOENT)))
    }

    @Test func whatIsMadeHasItsPermissions() throws {
        let old = umask(0o027)
        defer { umask(old) }
        let made = try OwnedDescriptor(
            opening: path("made"), .writeOnly, .create, permissions: FilePermissions(rawValue: 0o646))
        #expect(try made.descriptor.stat().permissions.rawValue == 0o640)
    }

    @Test func caution() throws {
        let target = try folder.write("file", "text")
        #expect(symlink(target, path("link")) == 0 && symlink(folder.path, path("folderLink")) == 0)
        #expect(mkfifo(path("fifo"), 0o600) == 0)
        #expect(try OwnedDescriptor(opening: path("link")).bytes(upTo: 10) == Array("text".utf8))
        #expect(throws: Errno.tooManySymbolicLinkLevels) {
            _ = try OwnedDescriptor(opening: path("link"), .readOnly, .cautious)
        }
        #expect(throws: Errno.notDirectory) { _ = try OwnedDescriptor(opening: path("folderLink"), .readOnly, .folder) }
        // Nobody writes to it, and nobody waits for one who does.
        let fifo = try OwnedDescriptor(opening: path("fifo"), .readOnly, .cautious)
        #expect(try fifo.identity().type == .fifo)
    }

    @Test func allIsReadInPieces() throws {
        let file = try OwnedDescriptor(opening: try folder.write("file", Self.content))
        var pieces: [Int] = []
        var read: [UInt8] = []
        file.readAll(orThrow: { fatalError("\($0)") }) {
            pieces.append($0.count); read += $0
        }
        #expect(read == Self.content)
        #expect(pieces == [1 << 20, 1 << 20, Self.content.count - 2 << 20])
    }

    @Test func readingFailsWithTheCallersError() throws {
        struct Failure: Error, Equatable { var code: Errno }
        let file = try OwnedDescriptor(opening: folder.path, .readOnly, .directory)
        #expect(throws: Failure(code: .isDirectory)) {
            try file.readAll(orThrow: { Failure(code: $0) }) { _ throws(Failure) in
                Issue.record("a folder has no bytes")
            }
        }
        #expect(throws: Errno.isDirectory) { try file.bytes(upTo: 10) }
        let unreadable = try OwnedDescriptor(
            opening: path("new"), .writeOnly, .create, permissions: .ownerReadWrite)
        #expect(throws: Errno.badFileDescriptor) { try unreadable.bytes(upTo: 10) }
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func aLimitIsTheLastLengthThatFits(length: Int) throws {
        let name = try folder.write("file", Array(Self.content[..<length]))
        #expect(try OwnedDescriptor(opening: name).bytes(upTo: length) == Array(Self.content[..<length]))
        #expect(try OwnedDescriptor(opening: name).bytes(upTo: .max)?.count == length)
        if length > 0 { #expect(try OwnedDescriptor(opening: name).bytes(upTo: length - 1) == nil) }
    }

    @Test func aPartIsFilledAsFarAsTheFileGoes() throws {
        let file = try OwnedDescriptor(opening: try folder.write("file", Self.content))
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1000, alignment: 1)
        defer { room.deallocate() }
        let end = UInt64(Self.content.count)
        for (offset, count) in [(0, 1000), (7, 1000), (end - 1000, 1000), (end - 999, 999), (end - 1, 1), (end, 0)] {
            #expect(try file.descriptor.readFully(from: offset, into: room) == count)
            #expect(room[..<count].elementsEqual(Self.content[Int(offset)..<(Int(offset) + count)]))
        }
        for offset in [UInt64(Int64.max), UInt64(Int64.max) + 1, .max] {
            #expect((try? file.descriptor.readFully(from: offset, into: room)) ?? 0 == 0)
        }
        let nothing = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        #expect(try file.descriptor.readFully(from: 0, into: nothing) == 0)
    }

    @Test func allIsWritten() throws {
        let file = try OwnedDescriptor(
            opening: path("file"), .readWrite, .create, permissions: .ownerReadWrite)
        try file.writeAll(Self.content)
        try file.writeAll(Self.content[..<10], at: UInt64(Self.content.count))
        try file.writeAll([7], at: 3)
        try file.synchronize()
        var wanted = Self.content + Self.content[..<10]
        wanted[3] = 7
        #expect(try OwnedDescriptor(opening: path("file")).bytes(upTo: wanted.count) == wanted)
        #expect(throws: Errno.fileTooLarge) { try file.writeAll([7], at: .max) }
        let full = try OwnedDescriptor(opening: "/dev/full", .writeOnly)
        #expect(throws: Errno.noSpace) { try full.writeAll([7]) }
    }

    @Test func nothingIsReachedAboveAFolder() throws {
        try folder.write("secret", "secret")
        try folder.write("root/a/b/file", "text")
        for (target, name) in [
            ("a/b", "in"), ("../secret", "out"), ("\(folder.path)/secret", "away"), ("a/b/file", "file"), ("..", "up"),
        ] { #expect(symlink(target, path("root/\(name)")) == 0) }
        let root = try OwnedDescriptor(opening: path("root"), .readOnly, .directory)
        func kernel(_ names: [String]) -> Result<[UInt8]?, Errno> {
            Result { () throws(Errno) in
                try OwnedDescriptor(beneath: root.descriptor, names, .nonBlocking).bytes(upTo: 100)
            }
        }
        func own(_ names: [String]) -> Result<[UInt8]?, Errno> {
            Result { () throws(Errno) in
                try OwnedDescriptor(descending: names, from: root.descriptor, .nonBlocking).bytes(upTo: 100)
            }
        }
        let text = Result<[UInt8]?, Errno>.success(Array("text".utf8))
        #expect(kernel(["a", "b", "file"]) == text && own(["a", "b", "file"]) == text)
        // Links that stay inside are followed by the kernel alone.
        #expect(kernel(["in", "file"]) == text && kernel(["file"]) == text)
        #expect(
            own(["in", "file"]) == .failure(.notDirectory) && own(["file"]) == .failure(.tooManySymbolicLinkLevels))
        for names in [["out"], ["away"], ["up", "secret"], ["..", "secret"]] {
            #expect(kernel(names) == .failure(.improperLink), "\(names)")
        }
        for names in [["out"], ["away"], ["up", "secret"]] { #expect((try? own(names).get()) == nil, "\(names)") }
        #expect(own([]) == .failure(.noSuchFileOrDirectory) && own(["a", "x"]) == .failure(.noSuchFileOrDirectory))
    }

    @Test func entriesAreListedUntilOneIsEnough() throws {
        let names = (0..<300).map { "entry \($0)" }
        for name in names { try folder.write("list/\(name)", "") }
        #expect(mkdir(path("list/folder"), 0o700) == 0 && mkdir(path("list/..."), 0o700) == 0)
        let list = try OwnedDescriptor(opening: path("list"), .readOnly, .folder)
        for _ in 0..<2 {
            var found: Set<String> = []
            try list.forEachEntry { name, _ in found.insert(String(cString: name)).inserted }
            #expect(found == Set(names + ["folder", "..."]))
        }
        var count = 0
        try list.forEachEntry { _, _ in
            count += 1
            return count < 5
        }
        #expect(count == 5)
        let file = try OwnedDescriptor(opening: path("list/entry 0"))
        #expect(throws: Errno.notDirectory) { try file.forEachEntry { _, _ in true } }
    }

    @Test func anIdentityTellsStatesApart() throws {
        let name = try folder.write("file", "text")
        #expect(symlink(name, path("link")) == 0)
        let before = try FileIdentity(at: name)
        let file = try OwnedDescriptor(opening: name)
        #expect(try file.identity() == before && before.isRegular && before.length == 4)
        #expect(try FileIdentity(at: path("link"), followingLinks: true) == before)
        #expect(try FileIdentity(at: path("link")).type == .symbolicLink)
        #expect(try FileIdentity(at: folder.path).type == .directory)
        #expect(throws: Errno.noSuchFileOrDirectory) { try FileIdentity(at: name + "x") }
        usleep(20_000)
        #expect(chmod(name, 0o600) == 0)
        let after = try FileIdentity(at: name)
        #expect(after != before && after.isSameFile(as: before) && after.modified == before.modified)
        #expect(try !after.isSameFile(as: FileIdentity(at: folder.path)))
    }
}

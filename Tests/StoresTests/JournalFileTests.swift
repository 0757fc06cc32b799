import FolderTesting
import Foundation
import Glibc
import Stores
import Testing

@Suite struct JournalFileTests {
    let folder: TemporaryFolder
    let store: EmbeddedStore

    init() throws {
        folder = try TemporaryFolder()
        store = try EmbeddedStore(root: folder.path)
    }

    private func lines(
        _ journal: JournalFile, last: UInt64 = 1 << 20, longest: Int = 1000
    ) throws -> (lines: [String], reading: JournalFile.Reading) {
        var lines: [String] = []
        let reading = try journal.readLines(last: last, longest: longest) {
            lines.append(String(decoding: $0, as: UTF8.self))
        }
        return (lines, reading)
    }

    @Test func linesAreAppendedAndReplaced() throws {
        let journal = try store.journal("things")
        #expect(try lines(journal).reading == JournalFile.Reading())
        #expect(try journal.append(Array("one\ntwo\n".utf8)) == 8)
        #expect(try journal.append(Array("three\n".utf8)) == 14)
        #expect(try lines(journal).lines == ["one", "two", "three"])
        try journal.replace(with: Array("four\n".utf8))
        #expect(try journal.append(Array("five\n".utf8)) == 10)
        let read = try lines(journal)
        #expect(read.lines == ["four", "five"] && read.reading.isThere && !read.reading.isTorn)
        #expect(try folder.names(in: "temporary").filter { !$0.hasSuffix(".lock") }.isEmpty)
    }

    @Test func aLineWithoutAnEndIsToldAndLeftOut() throws {
        let journal = try store.journal("things")
        _ = try journal.append(Array("one\ntw".utf8))
        let read = try lines(journal)
        #expect(read.lines == ["one"] && read.reading.isTorn)
    }

    @Test func longFilesAreReadFromTheirEnd() throws {
        let journal = try store.journal("things")
        let long = String(repeating: "x", count: 3 << 20)
        try journal.replace(with: Array("first\n\(long)\nsecond\n\nthird\n".utf8))
        let whole = try lines(journal, last: 4 << 20)
        #expect(whole.lines == ["first", "second", "", "third"] && whole.reading.tooLong == 1)
        let end = try lines(journal, last: 10)
        #expect(end.lines == ["", "third"], "the first of them may have begun before: \(end)")
        #expect(end.reading.skipped == 6 + UInt64(long.utf8.count) + 1 + 14 - 10)
        let lost = try lines(journal, last: 3)
        #expect(lost.lines.isEmpty && lost.reading.tooLong == 1)
    }

    @Test func oneWriterAtATime() throws {
        let journal = try store.journal("things")
        let other = try EmbeddedStore(root: folder.path)
        #expect(throws: StoreError.self) { try other.journal("things") }
        _ = try other.journal("others")
        _ = try journal.append([10])
        #expect(throws: StoreError.self) { try EmbeddedStore(root: folder.path, access: .readOnly).journal("things") }
    }

    @Test func whatIsNoFileIsRefusedAndHoldsNobody() throws {
        let journal = try store.journal("things")
        #expect(mkfifo(journal.path, 0o600) == 0)
        #expect(throws: StoreError.self) { try lines(journal) }
        // Nobody reads it, or it is no file: either is told.
        #expect(throws: StoreError.self) { try journal.append([10]) }
        unlink(journal.path)
        #expect(symlink("/etc/passwd", journal.path) == 0)
        #expect(throws: StoreError.self) { try lines(journal) }
        #expect(throws: StoreError.self) { try journal.append([10]) }
        try journal.replace(with: [10])
        #expect(try lines(journal).lines == [""])
    }

    @Test func aFolderThatWasRemovedIsMadeAgain() throws {
        let journal = try store.journal("things")
        _ = try journal.append(Array("one\n".utf8))
        try FileManager.default.removeItem(atPath: "\(folder.path)/journal")
        #expect(try journal.append(Array("two\n".utf8)) == 4)
        try FileManager.default.removeItem(atPath: "\(folder.path)/journal")
        try journal.replace(with: Array("three\n".utf8))
        #expect(try lines(journal).lines == ["three"])
    }
}

import Compositions
import Digests
import FolderTesting
import Foundation
import Stores
import Testing

/// Content that is changed behind the store's back, by somebody who puts the time of modification back.
@Suite struct AlterationTests {
    let folder: TemporaryFolder
    let store: EmbeddedStore

    init() throws {
        folder = try TemporaryFolder()
        store = try EmbeddedStore(root: folder.path)
    }

    /// Flips a bit of a file and gives it the times that it had, as `touch -r` and `cp -p` do.
    private func flip(_ path: String, at offset: Int) throws {
        var status = stat()
        #expect(stat(path, &status) == 0)
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        var byte: UInt8 = 0
        #expect(pread(descriptor, &byte, 1, off_t(offset)) == 1)
        byte ^= 1
        #expect(pwrite(descriptor, &byte, 1, off_t(offset)) == 1)
        #expect(futimens(descriptor, [status.st_atim, status.st_mtim]) == 0)
    }

    @Test(arguments: [false, true])
    func aFlippedBitIsFoundAlsoWhenTheTimeIsPutBack(isSettled: Bool) throws {
        let file = try store.put([UInt8](repeating: 7, count: 100_000))
        #expect(try store.blob(file.digest) == file)
        // A change in the tick of the file system's clock in which the content was checked shows in no time at all.
        if isSettled { usleep(150_000) }
        #expect(try store.blob(file.digest) == file)
        try flip(file.path, at: 99_999)
        let error = #expect(throws: StoreError.self) { try store.blob(file.digest) }
        #expect(error?.code == .corrupt)
        #expect(try folder.names(in: "corrupt").count == 1)
        #expect(store.quarantined(limit: 10) == [file.digest])
        _ = try store.put([UInt8](repeating: 7, count: 100_000))
        #expect(store.quarantined(limit: 10).isEmpty)
    }

    @Test(arguments: ["owner", "mode", "another name", "copied back"])
    func theSameBytesAreReadAgainAndStay(_ change: String) throws {
        let bytes = [UInt8](repeating: 7, count: 100_000)
        let file = try store.put(bytes)
        usleep(150_000)
        #expect(try store.blob(file.digest) == file)
        switch change {
        case "owner": #expect(chown(file.path, geteuid(), getegid()) == 0)
        case "mode": #expect(chmod(file.path, 0o600) == 0)
        case "another name": #expect(link(file.path, "\(folder.path)/backup") == 0)
        default:
            try FileManager.default.copyItem(atPath: file.path, toPath: "\(folder.path)/backup")
            #expect(rename("\(folder.path)/backup", file.path) == 0)
        }
        let again = try #require(try store.blob(file.digest))
        #expect(again != file, "its state is another")
        #expect((again.path, again.length, again.digest) == (file.path, file.length, file.digest))
        #expect(try again.contents(limit: 100_000) == bytes)
        #expect(throws: StoreError.self) { try file.contents(limit: 100_000) }
        #expect(try folder.names(in: "corrupt").isEmpty)
    }

    @Test func readingEndsWhenTheFileIsAlteredMeanwhile() throws {
        let file = try store.put([UInt8](repeating: 7, count: 5 << 20))
        usleep(20_000)
        var count = 0
        let error = #expect(throws: StoreError.self) {
            try file.read { piece in
                if count == 0 { try flip(file.path, at: 4 << 20) }
                count += piece.count
            }
        }
        #expect(error?.code == .corrupt)
        #expect(count == 1 << 20, "what was read before the change, and nothing after it")
    }

    /// Another file under its name would end the transfers of whoever is sending it.
    @Test func contentThatIsThereStaysTheFileThatItIs() throws {
        let file = try store.put([1, 2, 3])
        usleep(150_000)
        #expect(try store.blob(file.digest) == file)
        let other = try EmbeddedStore(root: folder.path)
        let again = try other.put([1, 2, 3])
        #expect(again == file)
        #expect(try store.blob(file.digest) == file)
        // Unless it is damaged.
        try flip(file.path, at: 1)
        let good = try other.put([1, 2, 3])
        #expect(good != file)
        #expect(try store.blob(file.digest)?.contents(limit: 3) == [1, 2, 3])
    }

    @Test func stagedContentIsReadBeforeAndAfterItIsCommitted() throws {
        let staged = try store.stage(expecting: nil, limit: 10) { try $0.write([1, 2]) }
        let same = try store.stage(expecting: nil, limit: 10) { try $0.write([1, 2]) }
        #expect(try staged.file.contents(limit: 2) == [1, 2])
        try store.commit([staged, same, staged])
        #expect(try staged.file.contents(limit: 2) == [1, 2])
        #expect(try same.file.contents(limit: 2) == [1, 2])
        #expect(staged.file == same.file)
        #expect(try folder.names(in: "temporary").filter { !$0.hasSuffix(".lock") }.isEmpty)
    }

    @Test func aPipeUnderABlobsOrRecordsNameHoldsNobody() throws {
        let digest = Digest.of("pipe")
        #expect(mkfifo("\(folder.path)/blobs/sha256/\(digest.hexadecimal)", 0o600) == 0)
        #expect(throws: StoreError.self) { try store.blob(digest) }
        let kind = RecordKind(rawValue: "things")
        try store.setRecord(kind, "a", [1])
        #expect(mkfifo("\(folder.path)/records/things/pipe", 0o600) == 0)
        #expect(throws: StoreError.self) { try store.record(kind, "pipe") }
    }
}

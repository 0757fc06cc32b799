import Compositions
import Digests
import FolderTesting
import Foundation
import Stores
import Testing

@Suite struct BlobTests {
    let folder: TemporaryFolder
    let store: EmbeddedStore

    init() throws {
        folder = try TemporaryFolder()
        store = try EmbeddedStore(root: folder.path)
    }

    private func temporaries() throws -> [String] {
        try folder.names(in: "temporary").filter { !$0.hasSuffix(".lock") }
    }

    @Test func contentIsFoundByItsDigest() throws {
        let file = try store.put(Array("hello".utf8))
        #expect(file.digest == Digest.of("hello"))
        #expect(file.length == 5)
        #expect(try store.blob(file.digest) == file)
        #expect(try file.contents(limit: 5) == Array("hello".utf8))
        #expect(try store.blob(Digest.of("other")) == nil)
        #expect(try EmbeddedStore(root: folder.path).blob(file.digest) == file)
        #expect(try temporaries().isEmpty)
    }

    @Test func emptyContentIsContent() throws {
        let file = try store.put([])
        #expect(try store.blob(file.digest)?.length == 0)
    }

    @Test func contentWithAnotherDigestIsRefused() throws {
        let error = #expect(throws: StoreError.self) {
            try store.ingest(expecting: Digest.of("good"), limit: 100) { try $0.write(Array("evil".utf8)) }
        }
        #expect(error?.code == .digestMismatch)
        #expect(error?.message.contains("\(Digest.of("evil"))") == true)
        #expect(try temporaries().isEmpty)
        #expect(try folder.names(in: "blobs/sha256").isEmpty)
    }

    @Test func contentPastItsLimitIsRefused() throws {
        let error = #expect(throws: StoreError.self) {
            try store.ingest(expecting: nil, limit: 10) { writer in
                for _ in 0..<3 { try writer.write([1, 2, 3, 4]) }
            }
        }
        #expect(error?.code == .tooLarge)
        #expect(try temporaries().isEmpty)
    }

    @Test func aFailureOfTheSourceLeavesNothing() throws {
        struct Broken: Error {}
        #expect(throws: Broken.self) {
            try store.ingest(expecting: nil, limit: 10) { writer in
                try writer.write([1])
                throw Broken()
            }
        }
        #expect(try temporaries().isEmpty)
        #expect(try folder.names(in: "blobs/sha256").isEmpty)
    }

    @Test func stagedContentIsInvisibleUntilCommittedAndGoesWhenDropped() throws {
        var staged: StagedBlob? = try store.stage(expecting: nil, limit: 10) { try $0.write([1, 2]) }
        let digest = try #require(staged?.file.digest)
        #expect(try store.blob(digest) == nil)
        #expect(try staged?.file.contents(limit: 2) == [1, 2])
        staged = nil
        #expect(try temporaries().isEmpty)
        let again = try store.stage(expecting: digest, limit: 10) { try $0.write([1, 2]) }
        try store.commit([again])
        #expect(try store.blob(digest)?.length == 2)
        // An image that shares the blob commits it once more.
        try store.commit([again])
    }

    @Test(arguments: ["hellp", "hell", "hello!", ""])
    func alteredContentIsMovedAside(_ altered: String) throws {
        let file = try store.put(Array("hello".utf8))
        let inode = try folder.names(in: "blobs/sha256")
        #expect(inode.count == 1)
        chmod(file.path, 0o640)
        try folder.write("blobs/sha256/\(file.digest.hexadecimal)", altered)
        for reader in [store, try EmbeddedStore(root: folder.path)] {
            guard FileManager.default.fileExists(atPath: file.path) else {
                #expect(try reader.blob(file.digest) == nil)
                continue
            }
            let error = #expect(throws: StoreError.self) { try reader.blob(file.digest) }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("\(file.digest)") == true)
            #expect(error?.message.contains(file.path) == true)
        }
        #expect(try folder.names(in: "blobs/sha256").isEmpty)
        #expect(try folder.names(in: "corrupt").count == 1)
        // The remedy works.
        _ = try store.put(Array("hello".utf8))
        #expect(try store.blob(file.digest)?.contents(limit: 10) == Array("hello".utf8))
    }

    @Test func linksAreNotContent() throws {
        let digest = Digest.of("hello")
        try folder.write("outside", "hello")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/blobs/sha256/\(digest.hexadecimal)", withDestinationPath: "\(folder.path)/outside")
        let error = #expect(throws: StoreError.self) { try store.blob(digest) }
        #expect(error?.code == .corrupt)
    }

    @Test func aStoreForReadingChangesNothing() throws {
        let file = try store.put([1, 2, 3])
        let before = try folder.names(in: "temporary")
        let reader = try EmbeddedStore(root: folder.path, access: .readOnly)
        #expect(try reader.blob(file.digest) == file)
        #expect(throws: StoreError.self) { try reader.put([4]) }
        #expect(throws: StoreError.self) { try reader.setRecord(RecordKind(rawValue: "a"), "b", []) }
        #expect(try folder.names(in: "temporary") == before)
        #expect(throws: StoreError.self) { try EmbeddedStore(root: folder.path + "/none", access: .readOnly) }
    }

    @Test func manyThreadsStoreAndReadTheSameContent() async throws {
        let store = store
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask {
                    for round in 0..<20 {
                        let bytes = [UInt8](repeating: UInt8(round), count: 1000 + (number % 2))
                        let file = try store.put(bytes)
                        #expect(try store.blob(file.digest)?.contents(limit: 2000) == bytes)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try folder.names(in: "blobs/sha256").count == 40)
        #expect(try folder.names(in: "corrupt").isEmpty)
    }
}

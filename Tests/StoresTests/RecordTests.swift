import FolderTesting
import Glibc
import Stores
import Testing

@Suite struct RecordTests {
    let folder: TemporaryFolder
    let store: EmbeddedStore
    let kind = RecordKind(rawValue: "things")

    init() throws {
        folder = try TemporaryFolder()
        store = try EmbeddedStore(root: folder.path)
    }

    @Test func recordsAreReplacedListedAndRemoved() throws {
        #expect(try store.record(kind, "1.13.5") == nil)
        #expect(try store.recordKeys(kind).isEmpty)
        try store.setRecord(kind, "1.13.5", [1])
        try store.setRecord(kind, "1.13.5", [2])
        try store.setRecord(kind, "1.14.0-alpha.0+x", [3])
        #expect(try store.record(kind, "1.13.5") == [2])
        #expect(try store.recordKeys(kind) == ["1.13.5", "1.14.0-alpha.0+x"])
        try store.removeRecord(kind, "1.13.5")
        try store.removeRecord(kind, "1.13.5")
        #expect(try store.recordKeys(kind) == ["1.14.0-alpha.0+x"])
        #expect(try folder.names(in: "temporary").filter { !$0.hasSuffix(".lock") }.isEmpty)
    }

    @Test(arguments: ["", ".", "..", "../x", "a/b", ".hidden", "a b", "é", String(repeating: "a", count: 201)])
    func unsafeKeysAreRefused(_ key: String) {
        let error = #expect(throws: StoreError.self) { try store.setRecord(kind, key, []) }
        #expect(error?.code == .invalidKey)
        #expect(throws: StoreError.self) { try store.record(kind, key) }
    }

    @Test func generationChangesWithEachRecord() throws {
        #expect(try store.recordGeneration(kind) == nil)
        // Within a tick of the clock only `isSettled` says that there may be more to come. A test that is held up comes too
        // late to see it, but not each time.
        let isUnsettledAtFirst = try (0..<100).contains { _ in
            try store.setRecord(kind, "a", [1])
            return try store.recordGeneration(kind)?.isSettled == false
        }
        #expect(isUnsettledAtFirst)
        usleep(150_000)
        let first = try #require(try store.recordGeneration(kind))
        #expect(first.isSettled)
        #expect(try store.recordGeneration(kind) == first)
        try EmbeddedStore(root: folder.path).setRecord(kind, "b", [1])
        let second = try #require(try store.recordGeneration(kind))
        #expect(second != first)
        usleep(150_000)
        try store.removeRecord(kind, "a")
        #expect(try store.recordGeneration(kind) != second)
    }
}

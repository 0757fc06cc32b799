import Compositions
import Digests
import FolderTesting
import Foundation
import Glibc
import Stores
import Synchronization
import Testing

/// A record as an importer keeps them.
struct ImportedSample: StoredRecord {
    static var kind: RecordKind { RecordKind(rawValue: "imported") }
    var blobs: [Digest]
    var references: [Digest] { blobs }
}

/// A record as a builder keeps them.
struct BuiltSample: DerivedRecord {
    static var kind: RecordKind { RecordKind(rawValue: "built") }
    var blob: Digest
    var references: [Digest] { [blob] }
}

@Suite struct CleaningTests {
    static let types: [any StoredRecord.Type] = [ImportedSample.self, BuiltSample.self]

    let folder: TemporaryFolder
    let store: EmbeddedStore

    init() throws {
        folder = try TemporaryFolder()
        store = try EmbeddedStore(root: folder.path)
        try store.setRecord("other", ImportedSample(blobs: []))
    }

    private func cleaner(age: Int = 0) -> StoreCleaner { StoreCleaner(store, types: Self.types, age: age) }

    private func publish(_ content: [UInt8], _ record: (Digest) -> any StoredRecord, as key: String) throws -> Digest {
        let staged = try store.stage(expecting: nil, limit: 1000) { try $0.write(content) }
        try store.publish([staged], [(key, record(staged.file.digest))])
        return staged.file.digest
    }

    @Test func whatNoRecordNamesGoesAndTheRestStays() throws {
        let imported = try publish([1], { ImportedSample(blobs: [$0, Digest.of([9, 9])]) }, as: "a")
        let built = try publish([2], { BuiltSample(blob: $0) }, as: "b")
        try store.setRecord(.schematics, "c", [0])
        let junk = [try store.put([3, 3, 3]).digest, try store.put([4]).digest].sorted()
        try folder.write("blobs/sha256/notes", "of the operator")
        let survey = try cleaner().survey()
        #expect(Set(survey.blobs.keys) == Set(junk + [imported, built]))
        #expect(survey.unnamed.map(\.digest) == junk && survey.removable == survey.unnamed)
        #expect(survey.references.kinds[ImportedSample.kind]?.records == 2)
        #expect(survey.references.kinds[.schematics]?.records == 1)
        #expect(junk.allSatisfy(store.contains), "a survey removes nothing")
        let removal = try cleaner().remove(survey)
        #expect(removal.count == 2 && removal.bytes == 4)
        #expect(Set(try store.blobs().map(\.digest)) == [imported, built])
        // This process had hashed them.
        #expect(try store.blob(junk[0]) == nil && store.blob(imported) != nil && store.blob(built) != nil)
        #expect(try folder.names(in: "blobs/sha256").contains("notes"))
        #expect(try cleaner().remove(cleaner().survey()).count == 0)
    }

    /// As where the folder of records is a volume that is not mounted.
    @Test func withoutOneRecordOfAnImportNothingIsRemoved() throws {
        try store.removeRecord(ImportedSample.kind, "other")
        #expect(try cleaner().remove(cleaner().survey()).count == 0)
        let blob = try publish([2], { BuiltSample(blob: $0) }, as: "b")
        for change in [{}, { try FileManager.default.removeItem(atPath: "\(folder.path)/records") }] {
            try change()
            let error = #expect(throws: StoreError.self) { try cleaner().survey() }
            #expect(error?.code == .unknownReferences && error?.message.contains("\(store.root)/records") == true)
        }
        #expect(store.contains(blob))
    }

    /// What it named until then may be on its way to machines.
    @Test func whereAllRecordsOfAKindGoNothingIsRemovedSoon() throws {
        let blob = try publish([2], { BuiltSample(blob: $0) }, as: "b")
        try FileManager.default.removeItem(atPath: "\(folder.path)/records/built")
        let deadline = ContinuousClock.now + .seconds(60)
        while try cleaner(age: 3).survey().removable.isEmpty, ContinuousClock.now < deadline { usleep(100_000) }
        #expect(try cleaner(age: 3).survey().removable.map(\.digest) == [blob])
        // A look that took too long proves nothing, and is taken again.
        for _ in 0..<20 {
            let start = ContinuousClock.now
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/records/built", withIntermediateDirectories: true)
            try FileManager.default.removeItem(atPath: "\(folder.path)/records/built")
            let removable = try cleaner(age: 3).survey().removable
            if ContinuousClock.now - start > .seconds(1) { continue }
            #expect(removable.isEmpty)
            return
        }
        Issue.record("every look took longer than a second")
    }

    @Test func whatIsYoungStays() throws {
        _ = try store.put([1])
        let survey = try cleaner(age: 60).survey()
        #expect(survey.unnamed.count == 1 && survey.removable.isEmpty)
        #expect(try cleaner(age: 60).remove(try cleaner().survey()).count == 0)
    }

    @Test func nothingIsRemovedSoonAfterAnImport() throws {
        let old = try publish([1], { ImportedSample(blobs: [$0]) }, as: "a")
        usleep(2_100_000)
        let new = try publish([2], { ImportedSample(blobs: [$0]) }, as: "a")
        let survey = try cleaner(age: 2).survey()
        #expect(survey.unnamed.map(\.digest) == [old] && survey.removable.isEmpty)
        let deadline = ContinuousClock.now + .seconds(60)
        while try cleaner(age: 2).survey().removable.isEmpty, ContinuousClock.now < deadline {
            // What is made again goes on all the time.
            _ = try publish([3], { BuiltSample(blob: $0) }, as: "b")
            usleep(100_000)
        }
        #expect(try cleaner(age: 2).remove(try cleaner(age: 2).survey()).count == 1)
        #expect(!store.contains(old) && store.contains(new))
    }

    @Test(arguments: [(ImportedSample.kind, "{"), (RecordKind(rawValue: "of-a-later-version"), "{}")])
    func whereARecordMayNameAnythingNothingIsRemoved(_ kind: RecordKind, _ text: String) throws {
        let junk = try store.put([1]).digest
        let survey = try cleaner().survey()
        try store.setRecord(kind, "key", Array(text.utf8))
        for action in [{ _ = try cleaner().survey() }, { _ = try cleaner().remove(survey) }] {
            let error = #expect(throws: StoreError.self) { try action() }
            #expect(error?.code == .unknownReferences && error?.message.contains(kind.rawValue) == true)
            #expect((error?.cause is DecodingError) == (kind == ImportedSample.kind))
        }
        #expect(store.contains(junk))
        try store.removeRecord(kind, "key")
        #expect(try cleaner().remove(survey).count == 1)
    }

    @Test func aBuiltThingsRecordThatCannotBeReadNamesNothing() throws {
        let built = try publish([2], { BuiltSample(blob: $0) }, as: "b")
        try store.setRecord(BuiltSample.kind, "b", Array("{".utf8))
        #expect(try cleaner().remove(cleaner().survey()).count == 1)
        #expect(!store.contains(built))
    }

    @Test func whatWasNamedSinceTheSurveyStays() throws {
        let blob = try store.put([1]).digest
        let survey = try cleaner().survey()
        try #require(survey.removable.map(\.digest) == [blob])
        _ = try publish([1], { BuiltSample(blob: $0) }, as: "b")
        #expect(try cleaner().remove(survey).count == 0)
        #expect(try store.blob(blob) != nil)
    }

    @Test func aWriterWaitsForOneWhoRemoves() async throws {
        let lock = open("\(folder.path)/references.lock", O_RDWR | O_CREAT, 0o640)
        defer { close(lock) }
        try #require(flock(lock, LOCK_EX) == 0)
        let done = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await onThread { _ = try publish([1], { BuiltSample(blob: $0) }, as: "b") }
                done.add(1)
            }
            try await Task.sleep(for: .milliseconds(300))
            #expect(done.value == 0)
            flock(lock, LOCK_UN)
            try await group.waitForAll()
        }
        #expect(try store.record(BuiltSample.kind, "b") != nil)
    }

    /// Writers find their content there already or not, name it and forget it again, while another process removes without
    /// pause: what has a name is there at all times.
    @Test func whatIsNamedIsNeverRemoved() async throws {
        let finished = Counter()
        let removed = Counter()
        let root = folder.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<3 {
                group.addTask {
                    try await onThread {
                        defer { finished.add(1) }
                        for round in 0..<150 {
                            let digest = try publish(
                                [UInt8(round % 3)], { BuiltSample(blob: $0) }, as: "of-\(writer)")
                            #expect(try store.blob(digest) != nil, "round \(round) of \(writer)")
                            if round % 2 == 0 { try store.removeRecord(BuiltSample.kind, "of-\(writer)") }
                        }
                    }
                }
            }
            group.addTask {
                try await onThread {
                    let other = StoreCleaner(try EmbeddedStore(root: root), types: Self.types, age: 0)
                    while finished.value < 3 {
                        removed.add(try other.remove(other.survey()).count)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(removed.value > 0)
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }
    func add(_ number: Int) { count.withLock { $0 += number } }
}

/// Runs what blocks on a thread of its own.
private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        Thread { continuation.resume(with: Result { try body() }) }.start()
    }
}

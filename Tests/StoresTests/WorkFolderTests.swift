import Compositions
import FolderTesting
import Foundation
import Stores
import Testing

@Suite struct WorkFolderTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func eachProcessHasItsOwnAndItGoesWithTheProcess() throws {
        var store: EmbeddedStore? = try EmbeddedStore(root: folder.path)
        let path = try #require(try store?.workFolder())
        #expect(try store?.workFolder() == path)
        try folder.write("work/\(URL(filePath: path).lastPathComponent)/file", "half")
        let other = try EmbeddedStore(root: folder.path)
        #expect(try other.workFolder() != path)
        #expect(FileManager.default.fileExists(atPath: path + "/file"), "another process looks by the lock")
        store = nil
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func whatTheDeadLeftGoesAndLinksAreNotFollowed() throws {
        _ = try EmbeddedStore(root: folder.path)
        let outside = try TemporaryFolder()
        try outside.write("file", "kept")
        let work = "\(folder.path)/work"
        for name in ["4711-dead/deep/deeper", "99999999/old", "\(getpid())/old"] {
            try FileManager.default.createDirectory(atPath: "\(work)/\(name)", withIntermediateDirectories: true)
            try folder.write("work/\(name)/file", "half")
        }
        for name in ["4711-dead/link", "4712-link"] {
            try FileManager.default.createSymbolicLink(atPath: "\(work)/\(name)", withDestinationPath: outside.path)
        }
        _ = try EmbeddedStore(root: folder.path)
        // The first release named them by the process alone, and such a one may still be running.
        #expect(try folder.names(in: "work") == ["\(getpid())"])
        #expect(try outside.names(in: ".") == ["file"])
    }

    @Test(arguments: ["work", "temporary", "records", "blobs", "corrupt", ""])
    func foldersThatAreRemovedUnderARunningProcessAreMadeAnew(_ name: String) throws {
        let store = try EmbeddedStore(root: folder.path)
        _ = try store.workFolder()
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
        let path = try store.workFolder()
        #expect(FileManager.default.fileExists(atPath: path))
        let kind = RecordKind(rawValue: "things")
        try store.setRecord(kind, "a", [1])
        #expect(try store.record(kind, "a") == [1])
        let file = try store.put([1, 2, 3])
        #expect(try store.blob(file.digest) == file)
        // It is alive all the while for others.
        let staged = try store.stage(expecting: nil, limit: 10) { try $0.write([9]) }
        _ = try EmbeddedStore(root: folder.path)
        try store.commit(staged)
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func aStoreForReadingHasNone() throws {
        _ = try EmbeddedStore(root: folder.path)
        let reader = try EmbeddedStore(root: folder.path, access: .readOnly)
        #expect(throws: StoreError.self) { try reader.workFolder() }
    }
}

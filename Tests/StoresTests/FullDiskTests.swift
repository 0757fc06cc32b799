import Compositions
import Digests
import FolderTesting
import Foundation
import Stores
import Testing

/// A real full file system: a small tmpfs, where this process may mount one.
@Suite(.enabled(if: SmallDisk.isPossible, "needs the right to mount a tmpfs")) struct FullDiskTests {
    @Test func aFullDiskIsOneClearErrorAndLeavesNothing() throws {
        let disk = try SmallDisk()
        let store = try EmbeddedStore(root: disk.folder.path)
        let kept = try store.put(Array("kept".utf8))
        let error = #expect(throws: StoreError.self) {
            try store.ingest(expecting: nil, limit: 1 << 30) { writer in
                while true { try writer.write([UInt8](repeating: 7, count: 65536)) }
            }
        }
        #expect(error?.code == .diskFull)
        #expect(error?.message.contains("No space left on device; nothing was left behind") == true)
        #expect(try disk.folder.names(in: "temporary").filter { !$0.hasSuffix(".lock") }.isEmpty)
        #expect(try disk.folder.names(in: "blobs/sha256") == [kept.digest.hexadecimal])
        // There is room again.
        #expect(try store.put([UInt8](repeating: 1, count: 100_000)).length == 100_000)
        let record = #expect(throws: StoreError.self) {
            try store.setRecord(RecordKind(rawValue: "big"), "a", [UInt8](repeating: 1, count: 4 << 20))
        }
        #expect(record?.code == .diskFull)
        #expect(try store.recordKeys(RecordKind(rawValue: "big")).isEmpty)
        #expect(try disk.folder.names(in: "temporary").filter { !$0.hasSuffix(".lock") }.isEmpty)
    }
}

private final class SmallDisk {
    static let isPossible: Bool = (try? SmallDisk()) != nil

    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=2m") == 0 else { throw POSIXError(.EPERM) }
    }

    // MNT_DETACH is imported as an enumeration or as a number, depending on what else is imported.
    private static let detach: Int32 = 2

    deinit { umount2(folder.path, Self.detach) }
}

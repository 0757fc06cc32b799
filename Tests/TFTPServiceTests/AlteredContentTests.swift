import Compositions
import Digests
import Files
import FolderTesting
import Glibc
import SystemPackage
import Testing

@testable import TFTPService

/// Stored content that is altered while it is sent.
@Suite struct AlteredContentTests {
    private static let step = 4 << 20
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = try folder.write("blob", pattern(Self.step + 100_000))
    }

    private func stored() throws -> StoredFile {
        return StoredFile(
            path: path, length: UInt64(Self.step + 100_000), digest: Digest.of(pattern(Self.step + 100_000)),
            identity: try FileIdentity(at: path))
    }

    /// Flips a bit and puts the times back.
    private func flip() throws {
        var status = stat()
        #expect(stat(path, &status) == 0)
        usleep(20_000)
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        #expect(pwrite(descriptor, [0xff], 1, 10) == 1)
        #expect(futimens(descriptor, [status.st_atim, status.st_mtim]) == 0)
    }

    @Test func itIsRefusedWhenItIsOpened() throws {
        let composition = Composition([.file(try stored())])
        _ = try TFTPContent(composition, files: OpenFiles())
        try flip()
        #expect(throws: TFTPContentError.altered) { try TFTPContent(composition, files: OpenFiles()) }
    }

    @Test(arguments: [512, 1468, 65464])
    func itEndsAtTheNextStep(_ blockSize: Int) throws {
        let content = try TFTPContent(Composition([.file(try stored())]), files: OpenFiles())
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: blockSize + 4)
        defer { room.deallocate() }
        var count = 0
        func send() throws {
            while UInt64(count * blockSize) < content.length {
                let start = UInt64(count * blockSize)
                let end = min(start + UInt64(blockSize), content.length)
                _ = try content.writePackets(
                    first: UInt64(count + 1), count: 1, blockSize: blockSize, range: start..<end, to: room)
                count += 1
                if count == 3 { try flip() }
            }
        }
        #expect(throws: TFTPContentError.altered) { try send() }
        #expect(count * blockSize <= Self.step)
    }

    /// The last block is not sent either, so that no client takes the file for whole.
    @Test func itEndsBeforeTheLastBlock() throws {
        let content = try TFTPContent(Composition([.file(try stored())]), files: OpenFiles())
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 2000)
        defer { room.deallocate() }
        let start = content.length - 1000
        try content.read(start..<(start + 500), to: room)
        try flip()
        #expect(throws: TFTPContentError.altered) { try content.read((start + 500)..<content.length, to: room) }
    }

    /// A file of the operator's own folder may be replaced at any time: what was begun is finished.
    @Test func filesWithoutADigestGoOn() throws {
        let content = TFTPContent(try OpenFiles().open(path: path))
        #expect(unlink(path) == 0)
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 1000)
        defer { room.deallocate() }
        try content.read((content.length - 1000)..<content.length, to: room)
    }
}

import Compositions
import FolderTesting
import Foundation
import Stores
import Testing

/// Root does not walk through a folder that somebody else may change: it becomes that user first. That it does is tried with the
/// program; here is what keeps it from going on otherwise.
@Suite(.enabled(if: geteuid() == 0, "needs to run as root")) struct OwnershipTests {
    @Test func rootDoesNotWriteIntoAnotherUsersFolder() throws {
        let folder = try TemporaryFolder()
        let victim = try TemporaryFolder()
        try victim.write("file", "kept")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/temporary", withDestinationPath: victim.path)
        #expect(chown(folder.path, 4711, 4712) == 0)
        let error = #expect(throws: StoreError.self) { try EmbeddedStore(root: folder.path) }
        #expect(error?.code == .permissionDenied)
        #expect(error?.message.contains("the user 4711") == true)
        #expect(try victim.names(in: ".") == ["file"])
    }

    @Test func theOwnerIsThatOfTheFolderOrOfWhereItWillBe() throws {
        let folder = try TemporaryFolder()
        #expect(StoreOwner.toBecome(for: folder.path) == nil)
        #expect(StoreOwner.toBecome(for: "/nonexistent/store") == nil)
        #expect(chown(folder.path, 4711, 4712) == 0)
        for path in ["", "/store", "/some/store"] {
            let owner = try #require(StoreOwner.toBecome(for: folder.path + path))
            #expect(owner.user == 4711 && owner.group == 4712)
        }
    }
}

import Compositions
import Digests
import Foundation
import Stores
import Testing

/// What root stores in a service user's folder is the service user's.
@Suite(.enabled(if: geteuid() == 0, "needs to run as root")) struct OwnershipTests {
    @Test func filesOfRootAreGivenToTheFoldersOwner() throws {
        let folder = try TemporaryFolder()
        #expect(chown(folder.path, 4711, 4712) == 0)
        let store = try EmbeddedStore(root: folder.path)
        let file = try store.put([1, 2, 3])
        try store.setRecord(RecordKind(rawValue: "things"), "a", [1])
        for path in [
            file.path, "\(folder.path)/records/things", "\(folder.path)/records/things/a", "\(folder.path)/lock",
        ] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.ownerAccountID] as? Int == 4711)
            #expect(attributes[.groupOwnerAccountID] as? Int == 4712)
            let mode = try #require(attributes[.posixPermissions] as? Int)
            #expect(mode & 0o007 == 0)
        }
    }
}

import Foundation
import Testing
import VectorTesting

/// The loader of known answers: a further folder that would be passed over in silence proves nothing.
@Suite struct VectorFileTests {
    @Test func whatTheVariableNamesIsAFolderInWhichTestsFindSomething() throws {
        guard let further = VectorFile.further else { return }
        let found = try VectorFile.found(in: further)
        #expect(!found.isEmpty, "\(further) has none of \(VectorFile.allCases.map(\.rawValue))")
    }

    @Test func whatIsNoFolderIsSaid() throws {
        #expect(try VectorFile.found(in: nil).isEmpty)
        for path in ["/nonexistent", "", #filePath] {
            let failure = #expect(throws: VectorFile.Failure.self) { try VectorFile.found(in: path) }
            #expect(failure?.description.contains("'\(path)', which is no folder") == true)
        }
    }

    @Test func aFileThatIsMissingInAFolderIsFine() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "vectors-\(UUID())")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "pcaps"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try VectorFile.found(in: folder.path).map(\.lastPathComponent) == ["pcaps"])
        try Data("{}\n".utf8).write(to: folder.appending(path: "meta.jsonl"))
        #expect(try VectorFile.found(in: folder.path).map(\.lastPathComponent) == ["meta.jsonl", "pcaps"])
        #expect(try VectorFile.found(in: folder.path, [.meta]).map(\.lastPathComponent) == ["meta.jsonl"])
        #expect(try VectorFile.found(in: folder.path, [.schematics]).isEmpty)
    }

    @Test(arguments: VectorFile.allCases) func everyFixtureIsThere(file: VectorFile) throws {
        #expect(VectorFile.isFixture(try #require(try file.places().first)))
    }
}

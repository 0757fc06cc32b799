import Compositions
import Digests
import FolderTesting
import Foundation
import Stores
import Testing

/// What is left when one who removes is killed.
@Suite struct CleaningCrashTests {
    @Test func killingOneWhoRemovesLosesNothingThatHasAName() throws {
        let folder = try TemporaryFolder()
        let root = "\(folder.path)/store"
        var named = 0
        for round in 0..<6 {
            let log = "\(folder.path)/log-\(round)"
            #expect(FileManager.default.createFile(atPath: log, contents: nil))
            try CrashTests.killChild("killableCleaning", root, log: log, after: UInt32(round) * 5_333)
            let store = try EmbeddedStore(root: root)
            for line in try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n") {
                guard line.utf8.count == 64, let digest = Digest(hexadecimal: line) else { continue }
                #expect(try store.blob(digest) != nil, "round \(round)")
                named += 1
            }
            let cleaner = StoreCleaner(store, types: CleaningTests.types, age: 0)
            _ = try cleaner.remove(cleaner.survey())
            let survey = try cleaner.survey()
            #expect(survey.unnamed.isEmpty)
            for digest in survey.blobs.keys { #expect(try store.blob(digest) != nil) }
            #expect(try folder.names(in: "store/corrupt").isEmpty)
        }
        #expect(named > 0)
    }

    /// Stores and removes for ever, in the child; in an ordinary run there is nothing to do.
    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["SLIPWAY_KILLABLE_STORE"] != nil, "the child of another test"))
    func killableCleaning() throws {
        let environment = ProcessInfo.processInfo.environment
        let store = try EmbeddedStore(root: try #require(environment["SLIPWAY_KILLABLE_STORE"]))
        let log = open(try #require(environment["SLIPWAY_KILLABLE_LOG"]), O_WRONLY | O_APPEND)
        let cleaner = StoreCleaner(store, types: CleaningTests.types, age: 0)
        while true {
            for _ in 0..<20 { _ = try store.put((0..<64).map { _ in UInt8.random(in: 0...255) }) }
            let staged = try store.stage(expecting: nil, limit: 64) { writer in
                try writer.write((0..<64).map { _ in UInt8.random(in: 0...255) })
            }
            let digest = staged.file.digest
            try store.publish([staged], [(digest.hexadecimal, ImportedSample(blobs: [digest]))])
            let line = Array("\(digest.hexadecimal)\n".utf8)
            _ = line.withUnsafeBytes { write(log, $0.baseAddress, $0.count) }
            _ = try cleaner.remove(cleaner.survey())
        }
    }
}

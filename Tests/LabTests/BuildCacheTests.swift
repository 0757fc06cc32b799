import Foundation
import Testing

@testable import TestSupport

struct BuildCacheTests {
    /// As in `make demo`, whose cache is a relative path, while `tar` and others run where they pack.
    @Test func relativeFolderServesToolsThatRunElsewhere() throws {
        let relative = ".lab/cache-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: relative) }
        let cache = try BuildCache(folder: relative)
        #expect(cache.folder == "\(FileManager.default.currentDirectoryPath)/\(relative)")

        let made = try cache.folder("things/one") { folder in
            #expect(folder.hasPrefix("/"))
            try "content".write(toFile: "\(folder)/file", atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOfFile: "\(made)/file", encoding: .utf8) == "content")
        #expect(try String(contentsOfFile: "\(relative)/things/one/file", encoding: .utf8) == "content")
    }
}

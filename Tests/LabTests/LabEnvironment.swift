import Foundation
import LabSupport
import Synchronization
import TalosModel
import TestSupport
import Testing

/// What the lab's tests share: whether to run, the releases, and the program under test with its store.
enum LabEnvironment {
    /// The lab needs root, QEMU and some minutes, so it runs where it is asked for.
    static let isWanted = ["1", "full"].contains(ProcessInfo.processInfo.environment["LAB"])

    /// The cases of a table: the first few everywhere, the others where the whole matrix is asked for (`make lab-full`).
    static func cases<Case>(_ always: [Case], full: [Case]) -> [Case] {
        ProcessInfo.processInfo.environment["LAB"] == "full" ? always + full : always
    }

    /// Says in the test report why the lab did not run.
    static let condition = ConditionTrait.enabled(if: isWanted, "the lab runs with LAB=1, as root")

    /// The folder that all runs share.
    static let cache =
        ProcessInfo.processInfo.environment["LAB_CACHE"] ?? "\(FileManager.default.currentDirectoryPath)/.lab/cache"

    /// The releases that are booted.
    static func release() throws -> TalosShapedRelease { try TalosShapedRelease(cache: cache) }

    /// The `slipway` that was built together with these tests: the test program is in the same folder.
    static func slipway() throws -> ExternalProgram {
        if let path = ProcessInfo.processInfo.environment["SLIPWAY"] { return try ExternalProgram(at: path) }
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = URL(fileURLWithPath: own).deletingLastPathComponent().path
        return try ExternalProgram(at: "\(folder)/slipway")
    }

    /// The store with the releases, imported on first use and shared by the tests of this run.
    static func store() throws -> String {
        try imported.withLock { imported in
            if let imported { return imported }
            let store = "\(FileManager.default.currentDirectoryPath)/.lab/store"
            try? FileManager.default.removeItem(atPath: store)
            try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
            try slipway()(["release", "import", "--store", store, try release().layout()])
            imported = store
            return store
        }
    }

    private static let imported = Mutex<String?>(nil)

    /// A store with one release for both architectures.
    static func storeForBothArchitectures() throws -> String {
        try importedForBoth.withLock { imported in
            if let imported { return imported }
            let store = "\(FileManager.default.currentDirectoryPath)/.lab/store-arm64"
            try? FileManager.default.removeItem(atPath: store)
            try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
            let release = try TalosShapedRelease(
                cache: cache, versions: [TalosVersion(1, 13, 5)], architectures: [.amd64, .arm64])
            try slipway()(["release", "import", "--store", store, try release.layout()])
            imported = store
            return store
        }
    }

    private static let importedForBoth = Mutex<String?>(nil)
}

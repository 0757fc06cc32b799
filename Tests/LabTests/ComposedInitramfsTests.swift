import Compositions
import Foundation
import Imaging
import LabSupport
import Releases
import Schematics
import Stores
import TalosModel
import TestSupport
import Testing

/// What Imaging composes, given to a real kernel without any server between.
extension LabTests {
    @Suite(.serialized) struct ComposedInitramfsTests {}
}

extension LabTests.ComposedInitramfsTests {
    @Test(arguments: TalosShapedRelease.standardVersions)
    func kernelTakesEverySegment(version: TalosVersion) async throws {
        let folder = "\(FileManager.default.currentDirectoryPath)/.lab/composed-\(version.tag)"
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: "\(folder)/temporary", withIntermediateDirectories: true)

        let store = try EmbeddedStore(root: "\(folder)/store")
        let catalog = try ReleaseCatalog(store: store)
        let report = try catalog.importLayout(at: LabEnvironment.release().layout())
        try #require(report.failures.isEmpty, "\(report.failures)")
        try #require(catalog.versions() == TalosShapedRelease.standardVersions)
        let imager = Imager(
            store: store, source: catalog, temporaryDirectory: "\(folder)/temporary", externalURL: "http://factory.test"
        )
        let schematic = try Schematic(decoding: Array(EverySort.schematic.utf8))
        let composition = try imager.initramfs(schematic: schematic, version: version, architecture: .amd64)
        try write(composition, to: "\(folder)/initramfs")
        let kernel = try #require(catalog.release(version)?.bootFiles[.amd64]?.kernel)

        // All of the command line that can keep a module or a layer out; the console is the one that shows nothing.
        let facts = try await DirectBoot.run(
            kernel: kernel.path, initramfs: "\(folder)/initramfs",
            commandLine: "talos.platform=metal console=tty0 module.sig_enforce=1 selinux=1", folder: folder)
        try EverySort.require(facts, version: version, id: "\(schematic.id)")
        if ProcessInfo.processInfo.environment["LAB_KEEP"] != "1" { try FileManager.default.removeItem(atPath: folder) }
    }

    private func write(_ composition: Composition, to path: String) throws {
        try #require(FileManager.default.createFile(atPath: path, contents: nil))
        let output = try #require(FileHandle(forWritingAtPath: path))
        try composition.read { try output.write(contentsOf: $0) }
        try output.close()
    }
}

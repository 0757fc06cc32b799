import Compositions
import Foundation
import ImageFactory
import Imaging
import LabSupport
import Logging
import Releases
import Schematics
import Stores
import TalosModel
import TestSupport
import Testing
import Trust

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
        try #require(catalog.snapshot.versions == TalosShapedRelease.standardVersions)
        let imager = Imager(
            store: store, temporaryDirectory: "\(folder)/temporary", externalURL: "http://factory.test")
        let schematic = try Schematic(decoding: Array(EverySort.schematic.utf8))
        let release = try #require(catalog.snapshot.summary(version))
        let factory = Factory(
            store: store, repository: SchematicRecords(store: store), catalog: catalog, imager: imager,
            queue: BuildQueue(width: 2, capacity: 64),
            logger: Logger(label: "lab"))
        let composition = try await factory.composition(
            of: AssetOrder(AssetPath(.initramfs, architecture: .amd64), of: schematic, version: version))
        try write(composition, to: "\(folder)/initramfs")
        let kernel = try await catalog.bootFile(.kernel, of: release, for: .amd64).file

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

import Compositions
import Dispatch
import Foundation
import Imaging
import LayoutBuilding
import Schematics
import Stores
import TalosModel
import Testing
import Workers

@testable import ImageFactory

/// What a factory does for those who ask it, seen from outside and without a socket.
@Suite(.timeLimit(.minutes(10))) struct AssetTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    /// Keeps all threads of the queue busy until the gate is opened once for each.
    private func occupy(_ gate: DispatchSemaphore) async -> [Task<Void, any Error>] {
        let queue = workshop.factory.queue
        let tasks = (0..<queue.width).map { _ in Task { try await queue.run { _ in gate.wait() } } }
        while queue.load.running < queue.width { await Task.yield() }
        return tasks
    }

    /// What is made of settings, and of nothing that has an age, may have been different before this process.
    @Test func anAssetIsAsYoungAsTheProcessUnlessItIsAStoredFile() async throws {
        let blobs = "\(workshop.store.root)/blobs/sha256"
        let long = timeval(tv_sec: 1_000_000_000, tv_usec: 0)
        for name in try FileManager.default.contentsOfDirectory(atPath: blobs) {
            #expect(utimes("\(blobs)/\(name)", [long, long]) == 0)
        }
        let id = try await workshop.schematic([])
        let initramfs = try await workshop.initramfs(id)
        #expect(
            initramfs.body
                == .composition(try #require(initramfs.composition), modified: workshop.factory.started))
        for (path, modified) in [
            ("kernel-amd64", 1_000_000_000), ("cmdline-metal-amd64", workshop.factory.started),
            ("kernel-amd64.sha256", workshop.factory.started),
        ] {
            let asset = try await workshop.factory.asset(schematic: id, version: Workshop.version, path: path)
            #expect(asset.body == .composition(try #require(asset.composition), modified: modified), "\(path)")
        }
    }

    @Test func manyWhoNeedOneNewExtensionHaveItBuiltOnce() async throws {
        var ids: [String] = []
        for index in 0..<8 { ids.append(try await workshop.schematic(["gvisor"], argument: "n=\(index)")) }
        let schematics = ids
        let gate = DispatchSemaphore(value: 0)
        let busy = await occupy(gate)
        try await withThrowingTaskGroup(of: UInt64.self) { group in
            for index in 0..<32 {
                group.addTask { [workshop] in
                    try #require(await workshop.initramfs(schematics[index % schematics.count]).composition).length
                }
            }
            // All of them wait for the one piece of work that waits for a thread.
            while await workshop.factory.parts.waiting < 32 { await Task.yield() }
            while workshop.factory.queue.load.waiting == 0 { await Task.yield() }
            #expect(workshop.factory.queue.load.waiting == 1)
            for _ in busy { gate.signal() }
            for try await length in group { #expect(length > UInt64(workshop.release.initramfs.count)) }
        }
        for task in busy { try await task.value }
        #expect(workshop.built == 1)
    }

    @Test func whoLeavesGivesUpHisBuildUnlessOthersWaitForIt() async throws {
        let ids = [try await workshop.schematic(["gvisor"]), try await workshop.schematic(["gvisor"], argument: "y")]
        let gate = DispatchSemaphore(value: 0)
        let busy = await occupy(gate)
        let queue = workshop.factory.queue
        let tasks = ids.map { id in Task { [workshop] in try await workshop.initramfs(id) } }
        while await workshop.factory.parts.waiting < 2 { await Task.yield() }
        while queue.load.waiting < 1 { await Task.yield() }
        tasks[0].cancel()
        await #expect(throws: CancellationError.self) { _ = try await tasks[0].value }
        #expect(queue.load.waiting == 1, "another waits for it")
        tasks[1].cancel()
        await #expect(throws: CancellationError.self) { _ = try await tasks[1].value }
        while queue.load.waiting > 0 { await Task.yield() }
        for _ in busy { gate.signal() }
        for task in busy { try await task.value }
        #expect(workshop.built == 0)
        // And the next who asks gets it.
        _ = try await workshop.initramfs(ids[0])
        #expect(workshop.built == 1)
    }

    @Test func whatWasMadeIsRememberedUntilTheReleasesChange() async throws {
        let id = try await workshop.schematic(["gvisor"])
        func remembered() async throws -> Asset? {
            try await workshop.remembered("initramfs-amd64.xz", of: id)
        }
        #expect(try await remembered() == nil)
        var made = try await workshop.initramfs(id)
        // What was asked for in the instant of an import is not.
        while try await remembered() == nil {
            try await Task.sleep(for: .milliseconds(20))
            made = try await workshop.initramfs(id)
        }
        #expect(try await remembered()?.composition == made.composition)
        #expect(workshop.built == 1)
        try workshop.importRelease(named: "again")
        #expect(try await remembered() == nil)
        #expect(try await workshop.initramfs(id).composition == made.composition)
        #expect(workshop.built == 1, "its parts are in the store")
    }

    @Test func aLengthIsKnownWithoutBuildingOrNotAtAll() async throws {
        let factory = workshop.factory
        let id = try await workshop.schematic(["gvisor", "tailscale"])
        let version = try TalosVersion(parsing: Workshop.version)
        let schematic = try await factory.schematic(id)
        func known(_ path: String) async throws -> UInt64? {
            try await factory.knownLength(
                of: AssetOrder(AssetPath(parsing: path), of: schematic, version: version))
        }
        #expect(try await known("kernel-amd64") == UInt64(workshop.release.kernel.count))
        let blobs = try workshop.blobs()
        #expect(try await known("initramfs-amd64.xz") == nil)
        _ = try await workshop.initramfs(try await workshop.schematic(["gvisor"]))
        #expect(try await known("initramfs-amd64.xz") == nil, "one of two is there")
        let built = workshop.built
        #expect(built == 1)
        let made = try await workshop.initramfs(id)
        #expect(try await known("initramfs-amd64.xz") == made.composition?.length)
        #expect(try workshop.blobs() > blobs && workshop.built == 2)
    }

    @Test func oneWhoAsksTooMuchIsToldSo() async throws {
        let workshop = try Workshop(width: 1)
        let queue = workshop.factory.queue
        let gate = DispatchSemaphore(value: 0)
        // The queue holds one that runs and 64 that wait.
        let busy = (0..<65).map { _ in Task { try await queue.run { _ in gate.wait() } } }
        while queue.load != (1, 64) { await Task.yield() }
        let id = try await workshop.schematic(["gvisor"])
        let error = await #expect(throws: FactoryError.self) { _ = try await workshop.initramfs(id) }
        #expect(error?.code == .busy)
        // What needs no build is not held up.
        let kernel = try await workshop.factory.asset(schematic: id, version: Workshop.version, path: "kernel-amd64")
        #expect(kernel.composition?.length == UInt64(workshop.release.kernel.count))
        for _ in busy { gate.signal() }
        for task in busy { try await task.value }
        _ = try await workshop.initramfs(id)
        #expect(workshop.built == 1)
    }
}

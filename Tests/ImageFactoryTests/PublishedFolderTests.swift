import Compositions
import Digests
import FolderTesting
import Foundation
import Glibc
import LayoutBuilding
import NetworkTypes
import Testing

@testable import ImageFactory

/// Finished assets as files that another web server has.
@Suite(.timeLimit(.minutes(10))) struct PublishedFolderTests {
    private let workshop: Workshop
    private let folder: TemporaryFolder
    private let kernel: String
    private static let warning =
        "finished assets are sent from here; the published folder is tried again in a minute"

    init() throws {
        workshop = try Workshop()
        folder = try TemporaryFolder()
        kernel = "\(workshop.digest(of: workshop.release.kernel))/kernel-amd64"
    }

    private func factory(leastFree: UInt64 = 0, in path: String? = nil) throws -> Factory {
        workshop.factory(
            finished: PublishedFolder(
                path ?? folder.path, url: try BaseURL(parsing: "https://cdn.example/talos/"), leastFree: leastFree,
                logger: workshop.logger))
    }

    private func ask(_ factory: Factory, _ path: String = "kernel-amd64", of id: String) async throws -> Asset {
        try await factory.asset(
            schematic: id, version: Workshop.version, path: path, maySendElsewhere: true)
    }

    private func isRedirected(_ asset: Asset) -> Bool {
        asset.body == .redirect(to: "https://cdn.example/talos/\(kernel)")
    }

    private func content(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(folder.path)/\(name)").map { [UInt8]($0) }
    }

    @Test func aFileIsCalledByWhatItHolds() async throws {
        let id = try await workshop.schematic(["gvisor"])
        let factory = try factory()
        #expect(isRedirected(try await ask(factory, of: id)))
        #expect(content(kernel) == workshop.release.kernel)
        let own = try await workshop.initramfs(id)
        let bytes = try #require(own.composition).bytes()
        let name = "\(Digest.of(bytes).hexadecimal)/initramfs-amd64.xz"
        let body = try await ask(factory, "initramfs-amd64.xz", of: id).body
        #expect(body == .redirect(to: "https://cdn.example/talos/\(name)"))
        #expect(content(name) == bytes)
        for (path, mode) in [(name, 0o644), (String(name.prefix(64)), 0o755)] as [(String, mode_t)] {
            var status = stat()
            #expect(stat("\(folder.path)/\(path)", &status) == 0 && status.st_mode & 0o777 == mode, "\(path)")
        }
        // Of another schematic it is the same kernel.
        #expect(isRedirected(try await ask(factory, of: try await workshop.schematic([]))))
        #expect(workshop.said("published") == 2)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).count == 4, "nothing else is there")
    }

    @Test func manyWhoAskHaveItWrittenOnce() async throws {
        let id = try await workshop.schematic([])
        let factory = try factory()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<32 { group.addTask { isRedirected(try await ask(factory, of: id)) } }
            for try await isRedirected in group { #expect(isRedirected) }
        }
        #expect(content(kernel) == workshop.release.kernel)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).count == 2)
        #expect(workshop.said("published") == 1 && workshop.said(Self.warning) == 0)
    }

    /// Nobody waits for a turn, and what is written at once is whole.
    @Test func manyWhoAskForManyThingsAreAllServed() async throws {
        var ids: [String] = []
        for index in 0..<12 { ids.append(try await workshop.schematic([], argument: "n=\(index)")) }
        let factory = try factory()
        let assets = try await withThrowingTaskGroup(of: Asset.self) { group in
            for id in ids { group.addTask { try await ask(factory, "initramfs-amd64.xz", of: id) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let names = assets.compactMap { asset -> String? in
            guard case .redirect(let url) = asset.body else { return nil }
            return String(url.dropFirst("https://cdn.example/talos/".utf8.count))
        }
        #expect(assets.count == 12 && Set(names).count == names.count && !names.isEmpty)
        for name in names {
            let bytes = try #require(content(name))
            #expect(name.hasPrefix(Digest.of(bytes).hexadecimal))
        }
        for id in ids { #expect(try await ask(factory, "initramfs-amd64.xz", of: id).composition == nil) }
        #expect(workshop.said("published") == 12 && workshop.said(Self.warning) == 0)
    }

    @Test func whatSomebodyTookAwayOrCutIsPublishedAgain() async throws {
        let id = try await workshop.schematic([])
        let factory = try factory()
        _ = try await ask(factory, of: id)
        let path = "\(folder.path)/\(kernel)"
        #expect(unlink(path) == 0)
        #expect(isRedirected(try await ask(factory, of: id)) && content(kernel) == workshop.release.kernel)
        #expect(truncate(path, 10) == 0)
        #expect(isRedirected(try await ask(factory, of: id)) && content(kernel) == workshop.release.kernel)
        #expect(unlink(path) == 0 && symlink("/etc/hostname", path) == 0)
        #expect(isRedirected(try await ask(factory, of: id)) && content(kernel) == workshop.release.kernel)
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(kernel.prefix(64))")
        #expect(isRedirected(try await ask(factory, of: id)) && content(kernel) == workshop.release.kernel)
        // What was published by an earlier process is not written again.
        var before = stat()
        var after = stat()
        #expect(stat(path, &before) == 0)
        #expect(isRedirected(try await ask(try self.factory(), of: id)))
        #expect(stat(path, &after) == 0 && before.st_ino == after.st_ino)
    }

    /// A folder that takes nothing costs nobody his asset, and a line of the log now and then.
    @Test func aFullFileSystemTakesNothing() async throws {
        let full = try factory(leastFree: .max)
        for index in 0..<3 {
            let id = try await workshop.schematic([], argument: "n=\(index)")
            let asset = try await ask(full, "initramfs-amd64.xz", of: id)
            #expect(asset.composition != nil)
            #expect(try await ask(full, of: id).composition != nil)
        }
        #expect(try folder.names(in: ".").isEmpty)
        #expect(workshop.said(Self.warning) == 1)
        // What is there is found there all the same.
        let id = try await workshop.schematic([])
        _ = try await ask(try factory(), of: id)
        #expect(isRedirected(try await ask(full, of: id)))
    }

    @Test func aFolderThatIsNotThereTakesNothing() async throws {
        let id = try await workshop.schematic([])
        let factory = try factory(in: "\(folder.path)/none")
        #expect(try await ask(factory, of: id).composition?.bytes() == workshop.release.kernel)
        #expect(workshop.said(Self.warning) == 1)
        #expect(try folder.names(in: ".").isEmpty)
    }

    /// Another process is at it, or was killed at it.
    @Test func whatIsBeingWrittenIsLeftToWhoeverDoes() async throws {
        let id = try await workshop.schematic([])
        let factory = try factory()
        let unfinished = try folder.write("\(kernel.prefix(64))/.kernel-amd64.partial", [1, 2, 3])
        #expect(try await ask(factory, of: id).composition != nil)
        #expect(content(kernel) == nil && workshop.said(Self.warning) == 0)
        let long = timeval(tv_sec: time(nil) - 3700, tv_usec: 0)
        #expect(utimes(unfinished, [long, long]) == 0)
        #expect(isRedirected(try await ask(factory, of: id)) && content(kernel) == workshop.release.kernel)
        #expect(!FileManager.default.fileExists(atPath: unfinished))
    }

    /// Nobody waits for what nobody wants any more, and nothing is left of it.
    @Test func whatIsCancelledLeavesNothing() throws {
        let file = PublishedFile(
            folder: folder.path, digest: Digest.of(workshop.release.kernel), name: "kernel-amd64",
            length: UInt64(workshop.release.kernel.count), leastFree: 0)
        let composition = Composition([.bytes(workshop.release.kernel)])
        #expect(throws: (any Error).self) { try file.write(composition, isCancelled: { true }) }
        #expect(try folder.names(in: ".").isEmpty)
        // Nor of bytes that are not those that the name says.
        let other = Composition([.bytes(MiniatureRelease.noise(workshop.release.kernel.count, seed: 3))])
        #expect(throws: (any Error).self) { try file.write(other, isCancelled: { false }) }
        #expect(try folder.names(in: ".").isEmpty)
        try file.write(composition, isCancelled: { false })
        #expect(try file.isThere())
    }

    @Test func namesThatMeanSomethingElse() {
        for name in ["", ".hidden", "a/b", "..", "a b", "%41", "ü", "a?b", String(repeating: "a", count: 129)] {
            #expect(!PublishedFile.isPlain(name), "\(name)")
        }
    }

    @Test func aTenthStaysFree() throws {
        var system = statvfs()
        #expect(statvfs(folder.path, &system) == 0)
        let free = UInt64(system.f_bavail) * UInt64(system.f_frsize)
        #expect(PublishedFile.lackOfRoom(in: folder.path, leastFree: 0) == nil, "this test needs a tenth of the disk")
        #expect(PublishedFile.lackOfRoom(in: folder.path, for: free, leastFree: 0) != nil)
        #expect(PublishedFile.lackOfRoom(in: folder.path, for: .max, leastFree: .max) != nil)
    }
}

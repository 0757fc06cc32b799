import Compositions
import Digests
import Schematics
import Synchronization
import TalosModel
import Testing

@testable import ImageFactory

/// Finished assets live where the factory is told besides, for whoever may be sent there.
@Suite(.timeLimit(.minutes(10))) struct FinishedAssetsTests {
    /// A place that is no folder.
    private final class Elsewhere: FinishedAssets {
        private struct State {
            var kept: [Factory.AssetKey: Digest] = [:]
            var asked = 0
            var takesNothing = false
        }

        private let state = Mutex(State())

        /// How often something was asked of it.
        var asked: Int { state.withLock { $0.asked } }
        var kept: [Factory.AssetKey: Digest] { state.withLock { $0.kept } }
        func takeNothing() { state.withLock { $0.takesNothing = true } }

        private func body(_ digest: Digest?) -> Asset.Body? {
            digest.map { .redirect(to: "http://elsewhere/\($0.hexadecimal)") }
        }

        func find(_ key: Factory.AssetKey) async -> Asset.Body? {
            body(
                state.withLock {
                    $0.asked += 1
                    return $0.kept[key]
                })
        }

        func keep(
            _ composition: Composition, as key: Factory.AssetKey, digest: @Sendable () async throws -> Digest
        ) async -> Asset.Body? {
            guard !state.withLock({ $0.takesNothing }), let digest = try? await digest() else { return nil }
            state.withLock { $0.kept[key] = digest }
            return body(digest)
        }
    }

    private let workshop: Workshop
    private let elsewhere = Elsewhere()
    private let factory: Factory
    private let path = "initramfs-amd64.xz"

    init() throws {
        workshop = try Workshop()
        factory = workshop.factory(finished: elsewhere)
    }

    private func ask(
        _ path: String, of id: String, named name: String? = nil, maySendElsewhere: Bool = true
    ) async throws -> Asset {
        try await factory.asset(
            schematic: id, version: Workshop.version, path: path, fileName: name,
            maySendElsewhere: maySendElsewhere)
    }

    @Test func whatIsFinishedIsKeptThereAndFoundThere() async throws {
        let id = try await workshop.schematic(["gvisor"])
        let own = try #require(try await ask(path, of: id, maySendElsewhere: false).composition)
        #expect(elsewhere.asked == 0)
        let sum = Digest.of(try own.bytes())
        let first = try await ask(path, of: id)
        #expect(first.body == .redirect(to: "http://elsewhere/\(sum.hexadecimal)"))
        #expect(first.fileName == path && first.composition == nil)
        #expect(elsewhere.kept.map(\.value) == [sum])
        // Found by its key, it is not even composed.
        let next = workshop.factory(finished: elsewhere)
        let found = try await next.asset(
            schematic: id, version: Workshop.version, path: path, maySendElsewhere: true,
            whileWanted: { _ in throw CancellationError() })
        #expect(found.body == first.body)
        #expect(try await ask(path, of: id, maySendElsewhere: false).composition == own, "the other still gets it here")
    }

    /// What is small, and what the other server would give another name.
    @Test(
        arguments: [
            ("cmdline-metal-amd64", nil), ("kernel-amd64.sha256", nil), ("kernel-x86_64", nil),
            ("kernel-amd64", "mine"),
        ] as [(String, String?)])
    func whatIsNotWorthIt(path: String, name: String?) async throws {
        let id = try await workshop.schematic([])
        #expect(try await ask(path, of: id, named: name).composition != nil)
        #expect(elsewhere.asked == 0 && elsewhere.kept.isEmpty)
    }

    @Test func whatIsNotTakenIsSentFromHere() async throws {
        elsewhere.takeNothing()
        let id = try await workshop.schematic([])
        for _ in 0..<2 { #expect(try await ask("kernel-amd64", of: id).composition != nil) }
        #expect(elsewhere.asked == 2)
    }

    /// An import changes the state of a release, and nobody is sent to what was made before.
    @Test func whatWasFinishedBeforeAnImportIsNotFoundAfterIt() async throws {
        let id = try await workshop.schematic([])
        _ = try await ask("kernel-amd64", of: id)
        try workshop.importRelease(named: "again")
        _ = try await ask("kernel-amd64", of: id)
        #expect(Set(elsewhere.kept.map(\.key.revision)).count == 2)
        #expect(Set(elsewhere.kept.map(\.value)).count == 1, "the same bytes")
    }

    @Test func whatDoesNotExistIsToldAsWithoutIt() async throws {
        let id = try await workshop.schematic([])
        for (schematic, path, code) in [
            (String(repeating: "0", count: 64), "kernel-amd64", FactoryError.Code.schematicNotFound),
            (id, "metal-amd64.iso", .notSupported), (id, "x", .invalidRequest),
        ] {
            let error = await #expect(throws: FactoryError.self) { _ = try await ask(path, of: schematic) }
            #expect(error?.code == code)
        }
        #expect(elsewhere.kept.isEmpty)
    }
}

extension Composition {
    /// All bytes.
    func bytes() throws -> [UInt8] {
        var bytes: [UInt8] = []
        try read { bytes += $0 }
        return bytes
    }
}

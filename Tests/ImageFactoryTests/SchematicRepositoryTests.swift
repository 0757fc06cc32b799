import Compositions
import Logging
import Schematics
import Stores
import Synchronization
import Testing
import Workers

@testable import ImageFactory

/// Schematics live where the factory is told, and nowhere else.
@Suite(.timeLimit(.minutes(10))) struct SchematicRepositoryTests {
    /// A repository that is no folder.
    private final class Elsewhere: SchematicRepository {
        private let kept = Mutex<[SchematicID: Schematic]>([:])
        private let fault = Mutex<FactoryError?>(nil)

        var count: Int { kept.withLock { $0.count } }
        func forgetAll() { kept.withLock { $0 = [:] } }
        func fail(with error: FactoryError?) { fault.withLock { $0 = error } }

        private func check() throws { if let error = fault.withLock({ $0 }) { throw error } }

        func canonicalText(_ id: SchematicID, on work: any Workplace) async throws -> [UInt8]? {
            try check()
            return kept.withLock { $0[id]?.canonicalText }
        }

        func schematic(_ id: SchematicID, on work: any Workplace) async throws -> Schematic? {
            try check()
            return kept.withLock { $0[id] }
        }

        func keep(_ schematic: Schematic, on work: any Workplace) async throws {
            try check()
            kept.withLock { $0[schematic.id] = schematic }
        }
    }

    private let workshop: Workshop
    private let elsewhere = Elsewhere()

    init() throws { workshop = try Workshop() }

    /// A factory as it is after a start.
    private func factory() -> Factory {
        Factory(
            store: workshop.store, repository: elsewhere, catalog: workshop.factory.catalog,
            imager: workshop.factory.imager, queue: BuildQueue(width: 1, capacity: 8),
            logger: Logger(label: "elsewhere")
        )
    }

    @Test func whatIsPostedIsKeptThereAndFoundAgain() async throws {
        let id = try await factory().create(Array("customization: {extraKernelArgs: [there]}".utf8)).id
        #expect(elsewhere.count == 1)
        #expect(try workshop.store.recordKeys(.schematics).isEmpty)
        let next = factory()
        #expect(try await next.schematic(id.description).extraKernelArguments == ["there"])
        #expect(try await factory().canonicalText(id.description).starts(with: "customization:".utf8))
        let asset = try await next.asset(schematic: id.description, version: Workshop.version, path: "kernel-amd64")
        #expect(try #require(asset.composition).length > 0)
    }

    @Test func whatIsPostedAgainIsKeptAgainWhereItIsGone() async throws {
        let factory = factory()
        let text = Array("customization: {extraKernelArgs: [there]}".utf8)
        _ = try await factory.create(text)
        elsewhere.forgetAll()
        let id = try await factory.create(text).id
        #expect(elsewhere.count == 1)
        #expect(try await self.factory().schematic(id.description).extraKernelArguments == ["there"])
    }

    @Test func whatCannotBeKeptIsNotTakenForKept() async throws {
        elsewhere.fail(with: FactoryError(.busy, "not now"))
        let factory = factory()
        let text = Array("customization: {extraKernelArgs: [there]}".utf8)
        for _ in 0..<2 {
            let error = await #expect(throws: FactoryError.self) { _ = try await factory.create(text) }
            #expect(error?.code == .busy)
        }
        elsewhere.fail(with: nil)
        _ = try await factory.create(text)
        #expect(elsewhere.count == 1)
    }
}

import Logging
import Releases
import ServiceLifecycle
import TalosModel

/// Takes over what is imported while the daemon runs.
struct CatalogService: Service {
    let catalog: ReleaseCatalog
    let logger: Logger

    func run() async throws {
        // Told when it changes, and not at each look.
        let (outcomes, looked) = AsyncStream.makeStream(
            of: Result<CatalogSnapshot, ReleaseError>.self, bufferingPolicy: .bufferingNewest(16))
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await tell(outcomes) }
                group.addTask { await catalog.run { looked.yield($0) } }
                _ = await group.next()
                group.cancelAll()
            }
        }
    }

    private func tell(_ outcomes: AsyncStream<Result<CatalogSnapshot, ReleaseError>>) async {
        var revision = catalog.snapshot.revision
        var problems = Set(catalog.snapshot.recordProblems)
        problems.sorted().forEach(tell)
        var failure: ReleaseError?
        for await outcome in outcomes {
            switch outcome {
            case .success(let snapshot):
                if failure != nil { logger.notice("what has been imported can be looked at again") }
                failure = nil
                guard snapshot.revision != revision else { continue }
                revision = snapshot.revision
                let versions = snapshot.versions.map(\.tag).joined(separator: ", ")
                logger.notice("releases in force", metadata: ["releases": "\(versions)"])
                for problem in snapshot.recordProblems where !problems.contains(problem) { tell(problem) }
                problems = Set(snapshot.recordProblems)
            case .failure(let error):
                if failure == error { continue }
                failure = error
                logger.error(
                    "what has been imported cannot be looked at; what was known before stays in force",
                    metadata: ["error": "\(error)"])
            }
        }
    }

    private func tell(_ problem: String) {
        logger.error("a record of a release is left out", metadata: ["problem": "\(problem)"])
    }
}

import Logging
import Machines
import ServiceLifecycle
import Workers

/// Keeps the machines file in force up to date, and a copy of it for the next start.
struct MachinesService: Service {
    let machines: MachineDirectory
    let lastGood: LastGoodMachines
    let logger: Logger

    func run() async throws {
        // Only the newest is worth keeping.
        let (files, loaded) = AsyncStream.makeStream(of: MachinesFile.self, bufferingPolicy: .bufferingNewest(1))
        if machines.standing == .present, let file = machines.current { loaded.yield(file) }
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await keep(files) }
                group.addTask {
                    await machines.run { result in
                        report(result)
                        if case .success(let file) = result { loaded.yield(file) }
                    }
                }
                _ = await group.next()
                group.cancelAll()
            }
        }
    }

    private func report(_ result: Result<MachinesFile, MachinesFileError>) {
        switch result {
        case .success(let file):
            logger.notice(
                "machines file in force", metadata: ["file": "\(file.path)", "machines": "\(file.machines.count)"])
        case .failure where machines.isMissing:
            logger.notice("there is no machines file any more", metadata: ["file": "\(machines.path)"])
        case .failure(let error):
            let standing = machines.standing
            let consequence =
                standing == .lastGood ? "the last good one stays in force" : standing.sentence
            for problem in error.problems {
                logger.error("machines file refused; \(consequence)", metadata: ["problem": "\(problem)"])
            }
        }
    }

    private func keep(_ files: AsyncStream<MachinesFile>) async {
        let work = BlockingWork(width: 1, capacity: 1) { _ in ApplianceError("an earlier one is still being kept") }
        for await file in files {
            do { try await work.run { try lastGood.keep(file) } } catch {
                logger.warning(
                    "the machines file cannot be kept; a start while it is refused would be one without machines",
                    metadata: ["file": "\(file.path)", "error": "\(error)"])
            }
        }
    }
}

import FolderTesting
import Foundation
import Machines
import Schematics
import Testing

@Suite struct MachineDirectoryTests {
    private static func text(_ name: String, schematic: String = "{}") -> String {
        "machines: [{name: \(name), mac: '52:54:00:00:00:01', schematic: \(schematic), version: latest}]\n"
    }

    private func names(_ directory: MachineDirectory) -> [String?]? {
        directory.current?.machines.map(\.assignment.name)
    }

    @Test func aBrokenEditIsRefusedAndTheLastGoodFileStays() throws {
        let folder = try TemporaryFolder()
        let directory = MachineDirectory(path: try folder.write("machines.yaml", Self.text("first")))
        #expect(directory.current == nil)
        directory.reload()
        #expect(names(directory) == ["first"])
        #expect(directory.status.problems.isEmpty)

        try folder.write("machines.yaml", "machines: [")
        guard case .failure(let error) = directory.reload() else {
            Issue.record("a broken file was taken")
            return
        }
        #expect(names(directory) == ["first"])
        #expect(directory.status.problems == error.problems)
        #expect(directory.status.refusedLoads == 1)

        try folder.remove("machines.yaml")
        directory.reload()
        #expect(names(directory) == ["first"])
        #expect(directory.status.refusedLoads == 2)

        try folder.write("machines.yaml", Self.text("second"))
        directory.reload()
        #expect(names(directory) == ["second"])
        #expect(directory.status.problems.isEmpty)
        #expect(directory.status.successfulLoads == 2)
    }

    /// Runs a directory and lets `body` change files. The long interval leaves all the noticing to the kernel.
    private func running(
        _ directory: MachineDirectory, interval: Duration = .seconds(3600),
        _ body: (_ next: () async throws -> Bool) async throws -> Void
    ) async throws {
        let (loads, continuation) = AsyncStream.makeStream(of: Bool.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await directory.run(interval: interval) { result in
                    if case .success = result { continuation.yield(true) } else { continuation.yield(false) }
                }
            }
            group.addTask {
                // A deadline, so that a change nobody notices fails the test instead of stopping it.
                try await Task.sleep(for: .seconds(20))
                continuation.finish()
            }
            var iterator = loads.makeAsyncIterator()
            try await body {
                let loaded: Bool? = await iterator.next()
                guard let loaded else { throw NothingLoaded() }
                return loaded
            }
            group.cancelAll()
            while let result = await group.nextResult() { if case .failure(is CancellationError) = result { continue } }
        }
    }

    @Test func runLoadsWhatChanges() async throws {
        let folder = try TemporaryFolder()
        let directory = MachineDirectory(path: try folder.write("machines.yaml", Self.text("first")))
        try await running(directory) { next in
            #expect(try await next())
            #expect(names(directory) == ["first"])

            try folder.replace("machines.yaml", Self.text("renamed over"))
            #expect(try await next())
            #expect(names(directory) == ["renamed over"])

            try folder.write("machines.yaml", Self.text("written in place"))
            #expect(try await next())
            #expect(names(directory) == ["written in place"])

            try folder.replace("machines.yaml", "machines: {")
            #expect(try await !next())
            #expect(names(directory) == ["written in place"])

            try folder.remove("machines.yaml")
            #expect(try await !next())
            try folder.write("machines.yaml", Self.text("back", schematic: "s/x.yaml"))
            // Its schematic is not there yet; when it comes, the file is sound.
            #expect(try await !next())
            #expect(directory.status.problems.count == 1)
        }
    }

    @Test func runLoadsWhenASchematicFileChanges() async throws {
        let folder = try TemporaryFolder()
        try folder.write("s/x.yaml", "customization: {}")
        let directory = MachineDirectory(
            path: try folder.write("machines.yaml", Self.text("m", schematic: "s/x.yaml")))
        try await running(directory) { next in
            #expect(try await next())
            let before = directory.current?.schematics.first?.id
            try folder.replace("s/x.yaml", "customization: {extraKernelArgs: [a]}")
            #expect(try await next())
            #expect(directory.current?.schematics.first?.extraKernelArguments == ["a"])
            #expect(directory.current?.schematics.first?.id != before)
        }
    }

    @Test func whatTheKernelDoesNotReportIsFoundByComparing() async throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        let target = try elsewhere.write("real.yaml", Self.text("first"))
        let link = "\(folder.path)/machines.yaml"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        let directory = MachineDirectory(path: link)
        try await running(directory, interval: .milliseconds(100)) { next in
            #expect(try await next())
            try elsewhere.write("real.yaml", Self.text("second"))
            #expect(try await next())
            #expect(names(directory) == ["second"])
        }
    }

    @Test func runEndsWhenItsTaskIsCancelled() async throws {
        let folder = try TemporaryFolder()
        let directory = MachineDirectory(path: try folder.write("machines.yaml", Self.text("m")))
        let task = Task { await directory.run() }
        task.cancel()
        await task.value
    }
}

/// Nothing was loaded within the deadline.
private struct NothingLoaded: Error {}

import ConfigurationYAML
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
    ///
    /// - Parameter body: Is given what waits for a load of which a condition holds. A file may be read between the moments in which
    ///   it is emptied and written, so that there are loads in between.
    private func running(
        _ directory: MachineDirectory, interval: Duration = .seconds(3600),
        _ body: (_ load: (_ condition: (_ succeeds: Bool) -> Bool) async throws -> Void) async throws -> Void
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
                try await Task.sleep(for: .seconds(180))
                continuation.finish()
            }
            var iterator = loads.makeAsyncIterator()
            try await body { condition in
                while true {
                    let loaded: Bool? = await iterator.next()
                    guard let loaded else { throw NothingLoaded() }
                    if condition(loaded) { return }
                }
            }
            group.cancelAll()
            while let result = await group.nextResult() { if case .failure(is CancellationError) = result { continue } }
        }
    }

    @Test func runLoadsWhatChanges() async throws {
        let folder = try TemporaryFolder()
        let directory = MachineDirectory(path: try folder.write("machines.yaml", Self.text("first")))
        func problem(_ text: String) -> Bool {
            let problems = directory.status.problems
            return problems.count == 1 && problems[0].description.contains(text)
        }
        try await running(directory) { load in
            try await load { $0 && names(directory) == ["first"] }

            try folder.replace("machines.yaml", Self.text("renamed over"))
            try await load { $0 && names(directory) == ["renamed over"] }

            try folder.write("machines.yaml", Self.text("written in place"))
            try await load { $0 && names(directory) == ["written in place"] }

            try folder.replace("machines.yaml", "machines: {")
            try await load { !$0 }
            #expect(names(directory) == ["written in place"])

            try folder.remove("machines.yaml")
            try await load { !$0 && problem("No such file") }
            try folder.write("machines.yaml", Self.text("back", schematic: "s/x.yaml"))
            // Its schematic is not there yet.
            try await load { !$0 && problem("x.yaml") }
            #expect(names(directory) == ["written in place"])
        }
    }

    @Test func runLoadsWhenASchematicFileChanges() async throws {
        let folder = try TemporaryFolder()
        try folder.write("s/x.yaml", "customization: {}")
        let directory = MachineDirectory(
            path: try folder.write("machines.yaml", Self.text("m", schematic: "s/x.yaml")))
        try await running(directory) { load in
            try await load { $0 }
            let before = directory.current?.schematics.first?.id
            try folder.replace("s/x.yaml", "customization: {extraKernelArgs: [a]}")
            try await load { $0 && directory.current?.schematics.first?.extraKernelArguments == ["a"] }
            #expect(directory.current?.schematics.first?.id != before)
        }
    }

    @Test func aFileThatNeedNotBeThereIsTakenWhenItComesAndMissedWhenItGoes() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/machines.yaml"
        let directory = MachineDirectory(path: path, mayBeMissing: true)
        directory.reload()
        #expect(directory.isMissing && directory.current == nil && directory.status.problems.isEmpty)
        #expect(directory.status.refusedLoads == 0)
        try await running(directory) { load in
            try folder.write("machines.yaml", "machines: 5")
            try await load { !$0 && !directory.isMissing && directory.status.problems.count == 1 }
            try FileManager.default.removeItem(atPath: path)
            try await load { !$0 && directory.isMissing && directory.status.problems.isEmpty }
            try folder.write("machines.yaml", Self.text("first"))
            try await load { $0 && names(directory) == ["first"] && !directory.isMissing }
            try FileManager.default.removeItem(atPath: path)
            try await load { !$0 && !directory.isMissing && directory.status.problems.count == 1 }
            #expect(names(directory) == ["first"] && directory.standing == .lastGood)
        }
    }

    /// A link that leads nowhere is somebody's mistake.
    @Test func aLinkThatLeadsNowhereIsNoMissingFile() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/machines.yaml"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "nowhere")
        let directory = MachineDirectory(path: path, mayBeMissing: true)
        directory.reload()
        #expect(!directory.isMissing && directory.status.problems.count == 1)
    }

    @Test func whatTheKernelDoesNotReportIsFoundByComparing() async throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        let target = try elsewhere.write("real.yaml", Self.text("first"))
        let link = "\(folder.path)/machines.yaml"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        let directory = MachineDirectory(path: link)
        try await running(directory, interval: .milliseconds(100)) { load in
            try await load { $0 && names(directory) == ["first"] }
            try elsewhere.write("real.yaml", Self.text("second"))
            try await load { $0 && names(directory) == ["second"] }
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

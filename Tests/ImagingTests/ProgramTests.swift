import CTesting
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Imaging

@Suite struct ProgramTests {
    @Test func aMissingProgramIsNamedWithItsPackage() throws {
        let folder = try TestFolder()
        let error = #expect(throws: ImagingError.self) {
            try ExternalProgram.depmod.run([], in: folder.path, searching: ["/nowhere"], isCancelled: { false })
        }
        #expect(error?.code == .missingProgram)
        #expect(error?.message.contains("apt install kmod") == true)
    }

    @Test func whatAFailingProgramSaidIsInTheError() throws {
        let folder = try TestFolder()
        let error = #expect(throws: ImagingError.self) {
            try ExternalProgram.unsquashfs.run(["no-such-image"], in: folder.path, isCancelled: { false })
        }
        #expect(error?.code == .programFailed)
        #expect(error?.message.contains("no-such-image") == true)
    }

    @Test func aProgramEndsWhenTheCallerLosesInterest() throws {
        let folder = try TestFolder()
        let start = ContinuousClock().now
        let error = #expect(throws: ImagingError.self) {
            try ExternalProgram(name: "sleep", package: "coreutils").run(
                ["600"], in: folder.path, limit: .seconds(600), isCancelled: { true })
        }
        #expect(error?.code == .cancelled)
        #expect(ContinuousClock().now - start < .seconds(300))
    }

    @Test func aProgramThatHangsIsStopped() throws {
        let folder = try TestFolder()
        let start = ContinuousClock().now
        let error = #expect(throws: ImagingError.self) {
            try ExternalProgram(name: "sleep", package: "coreutils").run(
                ["600"], in: folder.path, limit: .seconds(1), isCancelled: { false })
        }
        #expect(error?.code == .programTimedOut)
        #expect(error?.message.contains("/sleep had not ended after 1 seconds") == true, "\(error?.message ?? "")")
        #expect(ContinuousClock().now - start < .seconds(300))
    }

    /// A program that works all the time may reach its limit of processor time before the clock does.
    @Test func aProgramThatWorksTooLongIsStopped() throws {
        let folder = try TestFolder()
        let error = #expect(throws: ImagingError.self) {
            try ExternalProgram(name: "sh", package: "dash").run(
                ["-c", "kill -XCPU $$"], in: folder.path, limit: .seconds(700), isCancelled: { false })
        }
        #expect(error?.code == .programTimedOut)
        #expect(
            error?.message.contains("/sh had worked for 700 seconds of processor time") == true,
            "\(error?.message ?? "")")
    }

    /// What a program sees of itself, when a service that may use raw sockets starts it while clients are connected.
    @Test func aProgramHasNothingOfTheService() throws {
        let folder = try TestFolder()
        let script =
            """
            #!/bin/sh
            cat /proc/self/status >status
            cat /proc/self/limits >limits
            ls -l /proc/self/fd >descriptors
            ps -o pgid= -p $$ >group
            echo $$ >process
            env >environment
            kill -TERM $$
            """
        try Data(script.utf8).write(to: URL(filePath: folder.path + "/report"))
        for path in [folder.path, folder.path + "/report"] { chmod(path, 0o777) }
        // A socket that execve would leave open.
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #expect(fcntl(socket, F_GETFD) == 0)
        defer { close(socket) }
        let path = folder.path
        let outcome = Mutex<(prepared: Int32, error: (any Error)?)>((-1, nil))
        // Linux has capabilities and user IDs for each thread, so that one thread can be the service.
        let thread = Thread {
            signal(SIGTERM, SIG_IGN)
            let prepared = testing_become_service()
            do {
                try ExternalProgram(name: "report", package: "none").run(
                    [], in: path, searching: [path], limit: .seconds(77),
                    limits: .init(memory: 1 << 30, fileLength: 1 << 20),
                    isCancelled: { false })
                outcome.withLock { $0 = (prepared, nil) }
            } catch {
                outcome.withLock { $0 = (prepared, error) }
            }
        }
        thread.start()
        while !thread.isFinished { usleep(10_000) }
        signal(SIGTERM, SIG_DFL)
        func read(_ name: String) throws -> String {
            String(
                decoding: try #require(FileManager.default.contents(atPath: "\(folder.path)/\(name)")), as: UTF8.self)
        }
        #expect(outcome.withLock { $0.prepared } == 0, "this test needs root, as CI has it")
        // The signal that the test ignores ends the program.
        let error = try #require(outcome.withLock { $0.error } as? ImagingError)
        #expect(error.code == .programFailed)
        #expect(error.message.contains("signal 15"), "\(error)")

        let status = try read("status").split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
        func field(_ name: String) -> String? { status.first { $0.first == name + ":" }?.last }
        for name in ["CapInh", "CapPrm", "CapEff", "CapAmb"] { #expect(field(name) == "0000000000000000", "\(name)") }
        #expect(field("NoNewPrivs") == "1")
        // But the two that glibc keeps for itself and lets nobody change.
        #expect((field("SigIgn").flatMap { UInt64($0, radix: 16) } ?? .max) & ~(3 << 31) == 0)
        #expect(field("SigBlk") == "0000000000000000")
        let descriptors = try read("descriptors").split(separator: "\n").dropFirst()
        // Those three, and the folder that ls lists.
        #expect(descriptors.count == 4, "\(descriptors)")
        #expect(!descriptors.contains { $0.contains("socket:") })
        let limits = try read("limits").split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        func limit(_ words: [String]) -> [String]? {
            limits.first { $0.starts(with: words) }.map { Array($0.dropFirst(words.count).prefix(2)) }
        }
        #expect(limit(["Max", "address", "space"]) == ["1073741824", "1073741824"])
        #expect(limit(["Max", "file", "size"]) == ["1048576", "1048576"])
        #expect(limit(["Max", "cpu", "time"]) == ["77", "78"])
        #expect(limit(["Max", "core", "file", "size"]) == ["0", "0"])
        #expect(limit(["Max", "open", "files"]) == ["256", "256"])
        let process = try read("process").split(separator: "\n")[0]
        #expect(try read("group").split(separator: "\n")[0].drop { $0 == " " } == process)
        #expect(
            Set(try read("environment").split(separator: "\n").map { $0.prefix { $0 != "=" } })
                .isSubset(of: ["PATH", "LC_ALL", "TZ", "PWD", "_", "OLDPWD", "SHLVL"]))
    }

    @Test(arguments: [true, false])
    func whatAProgramStartedEndsWithIt(isCancelled: Bool) throws {
        let folder = try TestFolder()
        try Data("#!/bin/sh\nsleep 300 &\necho $! >child\n\(isCancelled ? "wait" : "exit 0")\n".utf8)
            .write(to: URL(filePath: folder.path + "/starts"))
        chmod(folder.path + "/starts", 0o755)
        let program = ExternalProgram(name: "starts", package: "none")
        let child = folder.path + "/child"
        @Sendable func identifier() -> pid_t? {
            FileManager.default.contents(atPath: child).flatMap {
                pid_t(String(decoding: $0.dropLast(), as: UTF8.self))
            }
        }
        if isCancelled {
            let error = #expect(throws: ImagingError.self) {
                try program.run([], in: folder.path, searching: [folder.path]) { identifier() != nil }
            }
            #expect(error?.code == .cancelled)
        } else {
            try program.run([], in: folder.path, searching: [folder.path]) { false }
        }
        let id = try #require(identifier())
        // Killed, though init may not have looked after it yet.
        var state: String?
        for _ in 0..<9000 {
            let status = FileManager.default.contents(atPath: "/proc/\(id)/stat")
            state = status.map { String(decoding: $0, as: UTF8.self) }?.split(separator: " ").dropFirst(2).first.map(
                String.init)
            if state == nil || state == "Z" { break }
            usleep(20_000)
        }
        #expect(state == nil || state == "Z")
    }

    @Test func theEndOfWhatAProgramSaysIsKept() throws {
        let folder = try TestFolder()
        let error = #expect(throws: ImagingError.self) {
            try ExternalProgram(name: "sh", package: "dash").run(
                ["-c", "yes | head -c 5000000; echo the reason; exit 3"], in: folder.path, isCancelled: { false })
        }
        #expect(error?.message.hasSuffix("/sh ended with status 3: y; y; y; y; the reason") == true)
        #expect((error?.message.utf8.count ?? .max) < 5000)
        // A program that never stops talking is stopped.
        let late = #expect(throws: ImagingError.self) {
            try ExternalProgram(name: "yes", package: "coreutils").run(
                [], in: folder.path, limit: .seconds(1), isCancelled: { false })
        }
        #expect(late?.code == .programTimedOut)
    }

    @Test func aProgramStaysWithinItsMemoryAndDisk() throws {
        let folder = try TestFolder()
        let shell = ExternalProgram(name: "sh", package: "dash")
        let disk = #expect(throws: ImagingError.self) {
            try shell.run(
                ["-c", "head -c 3000000 /dev/zero >file"], in: folder.path,
                limits: .init(fileLength: 1 << 20), isCancelled: { false })
        }
        #expect(disk?.code == .programFailed)
        let size = try FileManager.default.attributesOfItem(atPath: folder.path + "/file")[.size] as? Int
        #expect((size ?? .max) <= 1 << 20)
        let memory = #expect(throws: ImagingError.self) {
            try shell.run(
                ["-c", "text=$(head -c 300000000 /dev/zero | tr '\\0' x)"], in: folder.path,
                limits: .init(memory: 64 << 20), isCancelled: { false })
        }
        #expect(memory?.code == .programFailed, "\(memory?.message ?? "")")
    }

    @Test(arguments: [
        ("6.18.1-talos", true), ("6.1.0-56-cloud-amd64", true), ("5.15", true), ("10.0.1+x~y_z", true), ("-V", false),
        ("--help", false), ("6", false), ("6.", false), (".1", false), ("6.x", false), ("6.1/..", false),
        ("6.1 -a", false),
        ("6.1\n", false), ("", false), ("1234567890.1", false),
    ])
    func kernelReleases(name: String, holds: Bool) { #expect(ModuleLists.isKernelRelease(name) == holds) }

    @Test func missingProgramsAreFoundInAdvance() {
        #expect(Imager.missingPrograms().isEmpty)
        let missing = Imager.missingPrograms(searching: ["/nowhere"])
        #expect(missing.count == 2)
        #expect(missing.first?.contains("apt install squashfs-tools") == true)
        #expect(missing.last?.contains("apt install kmod") == true)
    }

    /// The release's root file system may have links; an extension's files must not be written through them.
    @Test func filesAreNotWrittenThroughLinks() throws {
        let folder = try TestFolder()
        let manager = FileManager.default
        for name in ["outside", "tree"] {
            try manager.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
        }
        try Data("untouched".utf8).write(to: URL(filePath: folder.path + "/outside/file"))
        try manager.createSymbolicLink(atPath: folder.path + "/tree/build", withDestinationPath: "../outside")
        try manager.createSymbolicLink(atPath: folder.path + "/tree/file", withDestinationPath: "../outside/file")
        let work = try WorkFolder(in: folder.path)
        let spool = try Spool(in: folder.path)
        let content = TreeNode(.file(try spool.add([1])), permissions: 0o644)

        var allowance = Allowance(1, "bytes")
        let file = TreeNode.directory()
        file.children["file"] = content
        try work.write(file, of: spool, to: folder.path + "/tree", subject: "test", within: &allowance)
        #expect(manager.contents(atPath: folder.path + "/tree/file") == Data([1]))

        let directory = TreeNode.directory()
        directory.makeDirectory(["build"]).children["file"] = content
        let error = #expect(throws: ImagingError.self) {
            try work.write(directory, of: spool, to: folder.path + "/tree", subject: "test", within: &allowance)
        }
        #expect(error?.code == .invalidExtension)
        #expect(manager.contents(atPath: folder.path + "/outside/file") == Data("untouched".utf8))
    }

    @Test func noMoreIsWrittenThanIsAllowed() throws {
        let folder = try TestFolder()
        let work = try WorkFolder(in: folder.path)
        let spool = try Spool(in: folder.path)
        let content = TreeNode(.file(try spool.add([1, 2, 3, 4])), permissions: 0o644)
        let tree = TreeNode.directory()
        // One content under three names is three files.
        for name in ["a.ko", "b.ko", "c.ko", "modules.zzz"] as [FileName] { tree.children[name] = content }
        var allowance = Allowance(12, "bytes of modules")
        try FileManager.default.createDirectory(atPath: folder.path + "/tree", withIntermediateDirectories: true)
        try work.write(
            tree, of: spool, to: folder.path + "/tree", subject: "test", within: &allowance, where: ModuleLists.isRead)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path + "/tree").sorted() == [
                "a.ko", "b.ko", "c.ko",
            ])
        allowance = Allowance(11, "bytes of modules")
        let error = #expect(throws: ImagingError.self) {
            try work.write(
                tree, of: spool, to: folder.path + "/tree", subject: "test", within: &allowance,
                where: ModuleLists.isRead)
        }
        #expect(error?.code == .limitExceeded)
        #expect(error?.message == "test: it comes to more than 11 bytes of modules")
    }

    @Test func equalContentIsSpooledOnce() throws {
        let folder = try TestFolder()
        let spool = try Spool(in: folder.path)
        let one = try spool.add([1, 2, 3])
        let other = try spool.add([4, 5])
        #expect(try spool.add([1, 2, 3]) == one)
        let last = try spool.add([6])
        #expect(last.offset == 5)
        #expect(try spool.bytes(of: one) == [1, 2, 3])
        #expect(try spool.bytes(of: other) == [4, 5])
        #expect(try spool.bytes(of: last) == [6])
    }
}

import Foundation
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
            try ExternalProgram(name: "sleep", package: "coreutils").run(["60"], in: folder.path, isCancelled: { true })
        }
        #expect(error?.code == .cancelled)
        #expect(ContinuousClock().now - start < .seconds(30))
    }

    @Test func aProgramThatHangsIsStopped() throws {
        let folder = try TestFolder()
        let start = ContinuousClock().now
        let error = #expect(throws: ImagingError.self) {
            try ExternalProgram(name: "sleep", package: "coreutils").run(
                ["60"], in: folder.path, limit: .seconds(1), isCancelled: { false })
        }
        #expect(error?.code == .programTimedOut)
        #expect(error?.message.contains("/sleep had not ended after 1 seconds") == true, "\(error?.message ?? "")")
        #expect(ContinuousClock().now - start < .seconds(30))
    }

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

        let file = TreeNode.directory()
        file.children["file"] = content
        try work.write(file, of: spool, to: folder.path + "/tree", subject: "test")
        #expect(manager.contents(atPath: folder.path + "/tree/file") == Data([1]))

        let directory = TreeNode.directory()
        directory.makeDirectory(["build"]).children["file"] = content
        let error = #expect(throws: ImagingError.self) {
            try work.write(directory, of: spool, to: folder.path + "/tree", subject: "test")
        }
        #expect(error?.code == .invalidExtension)
        #expect(manager.contents(atPath: folder.path + "/outside/file") == Data("untouched".utf8))
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

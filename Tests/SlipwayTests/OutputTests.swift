import Foundation
import Glibc
import LayoutBuilding
import ServerTesting
import Testing

/// Where `slipway build` writes.
@Suite struct OutputTests {
    private let scratch: Scratch
    private let store: String
    private let kernel: Data
    private let folder: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
        kernel = Data(try Imported.release.get().release.kernel)
        folder = "\(scratch.path)/folder"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func build(_ target: String, _ asset: String = "kernel-amd64") throws -> Program {
        try Program(["build", asset, "--store", store, "--output", target])
    }

    /// Runs a shell with the program and the store in its variables.
    private func shell(_ text: String) throws -> Program {
        try Program(
            command: ["/bin/sh", "-c", text],
            environment: ["slipway": Program.path, "store": store, "folder": folder, "scratch": scratch.path])
    }

    @Test(arguments: [
        ["target"], ["../other"], ["missing"], ["second", "target"], ["deep/er", "../target"],
    ])
    func linksAreFollowedAndStay(destinations: [String]) throws {
        let manager = FileManager.default
        try scratch.write("folder/target", "old")
        try scratch.write("other", "old")
        var name = "link"
        for destination in destinations {
            let place = URL(filePath: "\(folder)/\(name)").deletingLastPathComponent().path
            try manager.createDirectory(atPath: place, withIntermediateDirectories: true)
            try manager.createSymbolicLink(atPath: "\(folder)/\(name)", withDestinationPath: destination)
            name = destination
        }
        let program = try build("\(folder)/link")
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(try manager.destinationOfSymbolicLink(atPath: "\(folder)/link") == destinations[0])
        let end =
            destinations.last == "../other"
            ? "\(scratch.path)/other" : "\(folder)/\(destinations == ["missing"] ? "missing" : "target")"
        #expect(manager.contents(atPath: end) == kernel)
        #expect(try manager.attributesOfItem(atPath: end)[.type] as? FileAttributeType == .typeRegular)
        let left = (manager.enumerator(atPath: scratch.path)?.compactMap { $0 as? String } ?? []).filter {
            $0.contains(".partial-")
        }
        #expect(left.isEmpty, "\(left)")
    }

    /// Whoever reads the file meanwhile has the old content or the new one.
    @Test func whatALinkLeadsToIsReplacedWhole() throws {
        let target = try scratch.write("folder/target", "old")
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: target)
        let reader = open(target, O_RDONLY)
        defer { close(reader) }
        let program = try build("\(folder)/link")
        #expect(try program.finish() == 0, "\(program.errors)")
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(read(reader, &bytes, 16) == 3)
    }

    @Test func whoMayReadItStays() throws {
        let target = try scratch.write("folder/target", "old")
        #expect(chmod(target, 0o600) == 0)
        let program = try build(target)
        #expect(try program.finish() == 0, "\(program.errors)")
        let attributes = try FileManager.default.attributesOfItem(atPath: target)
        #expect(attributes[.posixPermissions] as? Int == 0o600 && attributes[.size] as? Int != 3)
        let nameless = try build("")
        #expect(try nameless.finish() == 64 && nameless.errors.contains("it is empty"), "\(nameless.errors)")
    }

    @Test func linksThatLeadNowhere() throws {
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/a", withDestinationPath: "b")
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/b", withDestinationPath: "a")
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/c", withDestinationPath: "none/x")
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/d", withDestinationPath: ".")
        for (name, reason) in [("a", "Too many levels"), ("c", "No such file or directory"), ("d", "Is a directory")] {
            let program = try build("\(folder)/\(name)")
            #expect(try program.finish() == 1)
            #expect(program.errors.hasPrefix("slipway: cannot write \(folder)/\(name): \(reason)"), "\(program.errors)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a", "b", "c", "d"])
    }

    @Test(.enabled(if: geteuid() == 0, "needs to run as root"))
    func aStrangersLinkInASharedFolderIsNotFollowed() throws {
        let victim = try scratch.write("victim", "kept")
        #expect(chmod(folder, 0o1777) == 0)
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: victim)
        #expect(lchown("\(folder)/link", 65_534, 65_534) == 0)
        let program = try build("\(folder)/link")
        #expect(try program.finish() == 1)
        #expect(program.errors.contains("\(folder)/link is a link of another user's"), "\(program.errors)")
        #expect(FileManager.default.contents(atPath: victim) == Data("kept".utf8))
        #expect(lchown("\(folder)/link", 0, 0) == 0)
        #expect(try build("\(folder)/link").finish() == 0)
        #expect(FileManager.default.contents(atPath: victim) == kernel)
    }

    @Test(arguments: ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
    func standardOutput(name: String) throws {
        // Behind what is there already, in a file and in a pipe.
        let program = try shell(
            """
            cd "$folder"
            echo before > file
            "$slipway" build kernel-amd64 --store "$store" --output \(name) >> file || exit 2
            "$slipway" build kernel-amd64 --store "$store" -o \(name) | cat > piped
            test ! -e ./- || exit 3
            """)
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(FileManager.default.contents(atPath: "\(folder)/file") == Data("before\n".utf8) + kernel)
        #expect(FileManager.default.contents(atPath: "\(folder)/piped") == kernel)
        #expect(program.errors == String(repeating: "standard output: \(kernel.count) bytes\n", count: 2))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["file", "piped"])
    }

    /// However one gets there: what is in the file already stays, and what comes behind it, too.
    @Test(arguments: ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/fd/3", "chain", "/dev/../dev/stdout"])
    func aLinkToAnOpenFile(target: String) throws {
        let program = try shell(
            """
            cd "$folder"
            ln -s /proc/self/fd/1 chain
            ln -s \(target) link
            {
                echo before
                "$slipway" build kernel-amd64 --store "$store" --output link || exit 2
                echo behind
            } > file 3>&1
            """)
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(
            FileManager.default.contents(atPath: "\(folder)/file") == Data("before\n".utf8) + kernel
                + Data("behind\n".utf8))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names == ["chain", "file", "link"])
    }

    @Test func anOpenFileByItsNumber() throws {
        let program = try shell("\"$slipway\" build kernel-amd64 --store \"$store\" -o /dev/fd/3 3> \"$folder/file\"")
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(FileManager.default.contents(atPath: "\(folder)/file") == kernel)
    }

    @Test func standardOutputThatCannotBeWritten() throws {
        let full = try shell("\"$slipway\" build kernel-amd64 --store \"$store\" -o - > /dev/full")
        #expect(try full.finish() == 1)
        #expect(full.errors == "slipway: cannot write standard output: No space left on device\n", "\(full.errors)")
        let closed = try shell("\"$slipway\" build kernel-amd64 --store \"$store\" -o - >&-")
        #expect(try closed.finish() == 1)
        #expect(closed.errors == "slipway: cannot write standard output: Bad file descriptor\n", "\(closed.errors)")
    }

    /// A terminal, of which the other side is held here.
    @Test func aTerminalGetsTextAndNothingBinary() throws {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        defer { close(master) }
        try #require(master >= 0)
        // TIOCSPTLCK and TIOCGPTN of asm-generic/ioctls.h: it is unlocked, and says its number.
        var (lock, number): (Int32, UInt32) = (0, 0)
        try #require(ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
        let terminal = "/dev/pts/\(number)"
        let holder = open(terminal, O_RDWR | O_NOCTTY)
        defer { close(holder) }
        for words in ["-o - > \(terminal)", "-o /dev/stdout > \(terminal)", "-o \(terminal)"] {
            let binary = try shell("\"$slipway\" build kernel-amd64 --store \"$store\" \(words)")
            #expect(try binary.finish() == 1, "\(words)")
            #expect(binary.errors.hasPrefix("slipway: the asset is binary, and a terminal"), "\(binary.errors)")
            #expect(binary.errors.contains("--output"))
        }
        var waiting = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        #expect(poll(&waiting, 1, 0) == 0, "nothing was written")
        let text = try shell("\"$slipway\" build cmdline-metal-amd64 --store \"$store\" -o - > \(terminal)")
        #expect(try text.finish() == 0, "\(text.errors)")
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(master, &bytes, bytes.count)
        #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).hasPrefix("talos.platform=metal"))
    }
}

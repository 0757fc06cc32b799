import Foundation
import Glibc
import LayoutBuilding
import ServerTesting
import Testing

/// A store that belongs to another user than the one who runs a command: what is said, and that it is true.
@Suite(.enabled(if: geteuid() == 0, "needs to run as root")) struct StrangersStoreTests {
    private static let owner: uid_t = 65_534
    private static let other: uid_t = 4711

    private let scratch: Scratch
    private let store: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
        #expect(chmod(scratch.path, 0o755) == 0)
        try give(store, to: Self.owner)
    }

    private func give(_ path: String, to user: uid_t) throws {
        #expect(lchown(path, user, user) == 0)
        for name in FileManager.default.enumerator(atPath: path)?.compactMap({ $0 as? String }) ?? [] {
            #expect(lchown("\(path)/\(name)", user, user) == 0)
        }
    }

    /// Runs slipway as a user, in a folder of his own.
    private func run(_ arguments: [String], as user: uid_t) throws -> Program {
        let home = "\(scratch.path)/home-\(user)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        #expect(chown(home, user, user) == 0)
        let words = arguments.map { "'\($0)'" }.joined(separator: " ")
        // The program may lie where only root comes to.
        let copy = "\(scratch.path)/slipway"
        if !FileManager.default.fileExists(atPath: copy) {
            try FileManager.default.copyItem(atPath: Program.path, toPath: copy)
        }
        return try Program(command: [
            "/usr/bin/setpriv", "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", "/bin/sh", "-c",
            "cd '\(home)' && exec '\(copy)' \(words)",
        ])
    }

    private func commands(_ store: String) throws -> [[String]] {
        [
            ["build", "kernel-amd64", "--store", store],
            ["release", "import", "--store", store, try Imported.release.get().layout],
            ["release", "list", "--store", store], ["explain", "52:54:00:00:00:01", "--store", store],
            ["check", "--store", store],
            [
                "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port",
                "0",
            ],
        ]
    }

    /// As root, `serve` becomes the store's owner; what he may not read, `check` must not find in order.
    @Test func whatOnlyRootMayReadIsAProblem() throws {
        let machines = try scratch.write("machines.yaml", "defaults: {schematic: {}, version: v1.13.5}\n")
        func check() throws -> (code: Int32, text: String) {
            let program = try Program([
                "check", "--store", store, "--config", machines, "--dhcp", "off", "--no-tftp", "--http-address",
                "127.0.0.1", "--http-port", "18080", "--external-url", "http://127.0.0.1:18080",
            ])
            return (try program.finish(), program.errors)
        }
        #expect(chmod(machines, 0o644) == 0)
        let open = try check()
        #expect(!open.text.contains("Permission denied"), "\(open.text)")
        #expect(chmod(machines, 0o600) == 0)
        let closed = try check()
        #expect(closed.code == 1 && closed.text.contains("Permission denied"), "\(closed.text)")
        #expect(closed.text.contains(machines), "\(closed.text)")
    }

    /// Whoever it is for, the folder may be open to look at or not.
    @Test(arguments: [mode_t(0o755), 0o700])
    func anotherUserIsToldToBeItsOwner(mode: mode_t) throws {
        #expect(chmod(store, mode) == 0)
        for folder in ["blobs", "records"] { #expect(chmod("\(store)/\(folder)", 0o750) == 0) }
        for arguments in try commands(store) {
            let program = try run(arguments, as: Self.other)
            #expect(try program.finish() == 1, "\(arguments): \(program.errors)")
            #expect(program.errors.contains("Permission denied"), "\(arguments): \(program.errors)")
            #expect(
                program.errors.contains(
                    "\(store) belongs to the user 'nobody'; run this as the user 'nobody', or with sudo"),
                "\(arguments): \(program.errors)")
            #expect(!program.errors.contains("chown") && !program.errors.contains("not a store"), "\(program.errors)")
        }
        // Both remedies are true.
        let target = "\(scratch.path)/home-\(Self.owner)/kernel"
        let owner = try run(["build", "kernel-amd64", "--store", store, "--output", target], as: Self.owner)
        #expect(try owner.finish() == 0, "\(owner.errors)")
        let root = try Program(["build", "kernel-amd64", "--store", store, "--output", "\(scratch.path)/kernel"])
        #expect(try root.finish() == 0, "\(root.errors)")
    }

    /// In a folder where he may replace everything.
    @Test func aPipeThatNobodyMayReadIsNotReplaced() throws {
        _ = try run(["release", "list", "--store", store], as: Self.owner).finish()
        let pipe = "\(scratch.path)/home-\(Self.owner)/pipe"
        #expect(mkfifo(pipe, 0) == 0)
        let program = try run(["build", "kernel-amd64", "--store", store, "--output", pipe], as: Self.owner)
        #expect(try program.finish() == 1)
        #expect(program.errors == "slipway: cannot write \(pipe): Permission denied\n", "\(program.errors)")
        let type = try FileManager.default.attributesOfItem(atPath: pipe)[.type] as? FileAttributeType
        #expect(type != nil && type != .typeRegular, "\(String(describing: type))")
    }

    @Test func aStoreOfRootsIsRoots() throws {
        try give(store, to: 0)
        #expect(chmod(store, 0o755) == 0 && chmod("\(store)/blobs", 0o750) == 0)
        let program = try run(
            ["release", "import", "--store", store, try Imported.release.get().layout], as: Self.other)
        #expect(try program.finish() == 1)
        #expect(
            program.errors.contains("belongs to the user 'root'; run this as the user 'root', with sudo"),
            "\(program.errors)")
    }

    /// Not even the store's own user comes to it, nor root, who goes on as that user.
    @Test func aStoreBehindAClosedFolder() throws {
        let closed = "\(scratch.path)/closed"
        try FileManager.default.createDirectory(atPath: closed, withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: store, toPath: "\(closed)/store")
        for mode in [mode_t(0o700), 0o744] {
            #expect(chmod(closed, mode) == 0)
            for user in [Self.owner, Self.other] {
                for arguments in try commands("\(closed)/store") {
                    let program = try run(arguments, as: user)
                    #expect(try program.finish(within: 20) == 1, "\(arguments): \(program.errors)")
                    #expect(
                        program.errors.contains("\(closed) lets nobody through but those whom")
                            && program.errors.contains("'chmod a+x \(closed)'"), "\(arguments): \(program.errors)")
                    #expect(!program.errors.contains("run this as"), "\(arguments): \(program.errors)")
                }
            }
        }
        let root = try Program(["release", "list", "--store", "\(closed)/store"])
        #expect(try root.finish() == 1 && root.errors.contains("'chmod a+x \(closed)'"), "\(root.errors)")
        // The remedy is true.
        #expect(chmod(closed, 0o711) == 0)
        let list = try run(["release", "list", "--store", "\(closed)/store"], as: Self.owner)
        #expect(try list.finish() == 0, "\(list.errors)")
    }

    @Test func aFolderInWhichNoStoreCanBeMade() throws {
        let place = "\(scratch.path)/roots"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        #expect(chmod(place, 0o755) == 0)
        let program = try run(
            ["release", "import", "--store", "\(place)/a/store", try Imported.release.get().layout], as: Self.other)
        #expect(try program.finish() == 1)
        #expect(
            program.errors.contains(
                "\(place) belongs to the user 'root'; run this as the user 'root', with sudo; or name another"),
            "\(program.errors)")
    }

    /// What a stranger has left in a store is the one thing that has to change its owner.
    @Test func whatIsAnotherUsersInOnesOwnStore() throws {
        let folder = "\(store)/records"
        #expect(chown(folder, 0, 0) == 0 && chmod(folder, 0o700) == 0)
        let program = try run(
            ["release", "import", "--store", store, try Imported.release.get().layout], as: Self.owner)
        #expect(try program.finish() == 1)
        #expect(
            program.errors.contains("\(folder) belongs to the user 'root', and the store to the user 'nobody'")
                && program.errors.contains("'sudo chown -R 65534 \(store)'"), "\(program.errors)")
        try give(store, to: Self.owner)
        #expect(chmod("\(store)/temporary", 0o500) == 0)
        let closed = try run(
            ["release", "import", "--store", store, try Imported.release.get().layout], as: Self.owner)
        #expect(try closed.finish() == 1)
        #expect(closed.errors.contains("'chmod -R u+rwX \(store)'"), "\(closed.errors)")
    }

    @Test func whatIsNoStoreIsSaidAsItIs() throws {
        let file = try scratch.write("file", "")
        let empty = "\(scratch.path)/empty"
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        for (path, reason) in [
            (file, "it is not a folder"), (empty, "it has no folder 'blobs'"),
            ("\(scratch.path)/none", "there is no such folder"),
        ] {
            for command in [
                ["build", "kernel-amd64"], ["release", "list"], ["explain", "52:54:00:00:00:01"], ["check"],
            ] {
                let program = try Program(command + ["--store", path])
                #expect(try program.finish() == 1)
                #expect(program.errors.contains("\(path) is not a store: \(reason); "), "\(command): \(program.errors)")
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: empty).isEmpty)
    }
}

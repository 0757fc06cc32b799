import Foundation
import Glibc
import LayoutBuilding
import ServerTesting
import Testing

/// What root starts in a service user's store. The user may have put anything there.
@Suite(.enabled(if: geteuid() == 0, "needs to run as root")) struct OwnershipTests {
    /// A service user, and a user who is not root either.
    private static let service: uid_t = 65_534

    let scratch: Scratch
    let store: String

    init() throws {
        scratch = try Scratch()
        store = "\(scratch.path)/store"
    }

    /// Gives a folder with all that is in it to the service user.
    private func giveAway(_ path: String) throws {
        #expect(lchown(path, Self.service, Self.service) == 0)
        for name in FileManager.default.enumerator(atPath: path)?.compactMap({ $0 as? String }) ?? [] {
            #expect(lchown("\(path)/\(name)", Self.service, Self.service) == 0)
        }
    }

    /// The paths below the store that are not the service user's.
    private func othersFiles() -> [String] {
        (FileManager.default.enumerator(atPath: store)?.compactMap { $0 as? String } ?? []).filter { name in
            var status = stat()
            return lstat("\(store)/\(name)", &status) == 0 && status.st_uid != Self.service
        }
    }

    /// A folder that only root may enter, with a file in it.
    private func privateFolder(_ name: String) throws -> String {
        let path = "\(scratch.path)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try scratch.write("\(name)/kept", "kept")
        #expect(chmod(path, 0o700) == 0)
        return path
    }

    @Test(arguments: ["temporary", "work", "blobs", "blobs/sha256", "records", "records/boot-files", "corrupt"])
    func linksInTheStoreLeadRootNowhere(_ link: String) throws {
        let victim = try privateFolder("victim")
        let parent = URL(filePath: "\(store)/\(link)").deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(store)/\(link)", withDestinationPath: victim)
        try giveAway(store)
        let layout = try Imported.release.get().layout
        for arguments in [
            ["release", "import", "--store", store, layout],
            ["build", "kernel-amd64", "--store", store, "--output", "\(scratch.path)/out"],
            [
                "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port",
                "0",
            ],
        ] {
            let program = try Program(arguments)
            if arguments[0] == "serve" {
                #expect(holds { program.hasEnded || program.errors.contains(" notice ready ") })
                program.send(SIGTERM)
            }
            let code = try program.finish()
            // What is not needed by a command does not stop it.
            if arguments[1] == "import", link != "work", link != "corrupt" { #expect(code == 1, "\(program.errors)") }
            #expect(!program.errors.contains("Fatal"), "\(program.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: victim) == ["kept"], "\(arguments[0])")
        }
        #expect(othersFiles().isEmpty)
        var status = stat()
        #expect(stat("\(victim)/kept", &status) == 0 && status.st_uid == 0)
    }

    @Test func whatRootImportsIsTheServicesAndTheLayoutMayBeRootsAlone() throws {
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        try giveAway(store)
        let folder = try privateFolder("roots")
        let release = try MiniatureRelease()
        try release.layout.write(toFolder: "\(folder)/layout")
        for name in FileManager.default.enumerator(atPath: folder)?.compactMap({ $0 as? String }) ?? [] {
            var status = stat()
            #expect(stat("\(folder)/\(name)", &status) == 0)
            #expect(chmod("\(folder)/\(name)", status.st_mode & S_IFMT == S_IFDIR ? 0o700 : 0o600) == 0)
        }
        try release.layout.write(toArchive: "\(folder)/layout.tar")
        #expect(chmod("\(folder)/layout.tar", 0o600) == 0)
        for path in ["\(folder)/layout", "\(folder)/layout.tar"] {
            let program = try Program(["release", "import", "--store", store, path])
            #expect(try program.finish() == 0, "\(program.errors)")
        }
        // An asset goes where root wants it, and a schematic may be root's.
        try scratch.write("roots/schematic.yaml", "customization: {extraKernelArgs: [a=b]}")
        #expect(chmod("\(folder)/schematic.yaml", 0o600) == 0)
        let build = try Program([
            "build", "kernel-amd64", "--store", store, "--schematic", "\(folder)/schematic.yaml", "--output",
            "\(folder)/kernel",
        ])
        #expect(try build.finish() == 0, "\(build.errors)")
        #expect(FileManager.default.contents(atPath: "\(folder)/kernel").map { [UInt8]($0) } == release.kernel)
        var status = stat()
        #expect(stat("\(folder)/kernel", &status) == 0 && status.st_uid == 0 && status.st_gid == 0)
        #expect(othersFiles().isEmpty)
        let list = try Program(["release", "list", "--store", store])
        #expect(try list.finish() == 0 && list.output.contains("v1.13.5"), "\(list.errors)")
    }

    @Test func aDaemonThatRootStartsIsTheServicesAndListensOnLowPorts() throws {
        try FileManager.default.copyItem(atPath: Imported.release.get().store, toPath: store)
        try giveAway(store)
        let program = try Program([
            "serve", "--store", store, "--dhcp", "off", "--http-address", "127.0.0.1", "--http-port", "0",
            "--tftp-port",
            "0",
        ])
        let connection = try HTTPConnection(port: program.port())
        #expect(try connection.ask("POST", "/schematics", body: Array("customization: {}".utf8)).status == 201)
        let status = try String(contentsOfFile: "/proc/\(program.process)/status", encoding: .utf8)
        func field(_ name: String) -> String {
            status.split(separator: "\n").first { $0.hasPrefix(name + ":") }.map {
                $0.dropFirst(name.count + 1).split(separator: "\t").joined(separator: " ")
            } ?? ""
        }
        #expect(field("Uid") == Array(repeating: "65534", count: 4).joined(separator: " "))
        #expect(field("Gid") == Array(repeating: "65534", count: 4).joined(separator: " "))
        #expect(field("Groups").trimmingCharacters(in: .whitespaces).isEmpty)
        // CAP_NET_BIND_SERVICE and CAP_NET_RAW.
        #expect(field("CapEff") == "0000000000002400" && field("CapPrm") == "0000000000002400")
        program.send(SIGTERM)
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(othersFiles().isEmpty)
    }

    /// A first release's `sudo slipway build` left a folder behind in which the service could not make its own.
    @Test func aBuildByRootLeavesNothingInTheServicesWay() throws {
        try FileManager.default.copyItem(atPath: Imported.release.get().store, toPath: store)
        try giveAway(store)
        let build = try Program([
            "build", "initramfs-amd64.xz", "--store", store, "--output", "\(scratch.path)/out", "--schematic",
            try scratch.write("s.yaml", "customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}"),
        ])
        #expect(try build.finish() == 0, "\(build.errors)")
        #expect(othersFiles().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(store)/work").isEmpty)
    }
}

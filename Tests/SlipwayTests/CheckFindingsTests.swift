import Foundation
import LayoutBuilding
import OCIModel
import ServerTesting
import Testing

/// What `slipway check` finds in a machines file that reads well, and that machines would trip over.
@Suite struct CheckFindingsTests {
    private let scratch: Scratch
    private let store: String
    private let loaders: String

    /// Whether there is one in the folders that are searched in any case.
    private static let hasARM64Loader = ["/usr/lib/slipway/loaders", "/usr/lib/ipxe", "/boot"].contains {
        FileManager.default.fileExists(atPath: "\($0)/ipxe-arm64.efi")
    }

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
        loaders = try Loaders.folder(in: scratch)
    }

    /// Another release in the store, with boot files for one architecture and no extensions.
    private func importRelease(_ tag: String, for architecture: String) throws {
        let path = "usr/install/\(architecture)"
        var layout = OCILayout()
        let imager = try layout.add(
            ImageContent(
                [
                    [
                        folder("usr"), folder("usr/install"), folder(path), file("\(path)/vmlinuz", "kernel \(tag)"),
                        file("\(path)/initramfs.xz", "initramfs \(tag)"),
                    ]
                ], entrypoint: ["/bin/imager"], labels: ["alpha.talos.dev/version": tag]))
        layout.list(imager, as: "ghcr.io/siderolabs/imager:\(tag)")
        try importLayout(layout, to: store)
    }

    private func importLayout(_ layout: OCILayout, to store: String) throws {
        let folder = "\(scratch.path)/layout-\(UUID())"
        try layout.write(toFolder: folder)
        let program = try Program(["release", "import", "--store", store, folder])
        #expect(try program.finish() == 0, "\(program.errors)")
    }

    /// What is found in a machines file whose defaults boot v1.13.5 without extras; without its path and with the line first.
    private func findings(
        in machines: String, store: String? = nil, options: [String] = []
    ) throws -> [String] {
        let text = "defaults: {schematic: {customization: {}}, version: v1.13.5}\nmachines:\n" + machines
        let path = try scratch.write("machines.yaml", text)
        let program = try Program(
            ["check", "--store", store ?? self.store, "--config", path, "--loader-folder", loaders] + options)
        let code = try program.finish()
        #expect(code == (program.errorLines.isEmpty ? 0 : 1), "\(program.errors)")
        return program.errorLines.map { $0.replacingOccurrences(of: "\(path):", with: "") }
    }

    /// What is YAML and not what anybody means is refused by the daemon too, which reads the file the same way.
    @Test func whatMisleadsIsNamedAtItsPlace() throws {
        let found = try findings(
            in: "- {name: a, mac: 5254.0000.0001, args: [console=ttyS0,115200]}\n"
                + "- {name: b, mac: [52:54:00:00:00:02], version:\u{A0}v1.13.5}\n"
                + "- {name: c, mac: 52-54-00-00-00-03, loader: ../ipxe.efi}\n"
                + "- {name: d, mac: 525400000004, schematic: {customization: {extraKernelArgs: [:a], b: 1}}}\n")
        #expect(found.map { $0.prefix { $0 != " " } } == ["3:41:", "4:47:", "5:45:", "6:43:"], "\(found)")
        #expect(found.first?.contains("write it in quotes") == true && found.last?.contains("line 6: field b") == true)
        let path = "\(scratch.path)/machines.yaml"
        let daemon = try Program([
            "serve", "--store", store, "--config", path, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1",
            "--http-port", "0",
        ])
        _ = try daemon.port()
        // The log shows what has quotes in it with escapes.
        let places = found.map { $0.prefix { $0 != " " } }
        #expect(places.allSatisfy { daemon.says("\(path):\($0)") }, "\(daemon.errors)")
    }

    @Test func secureBootIsNotMadeYet() throws {
        let found = try findings(in: "- {name: a, mac: '52:54:00:00:00:01', secureboot: true}\n")
        #expect(found.count == 1 && found[0].hasPrefix("3:3: machine 'a': secureboot: true needs"), "\(found)")
    }

    @Test func anArchitectureWithoutBootFiles() throws {
        try importRelease("v1.12.0", for: "arm64")
        let found = try findings(
            in: """
                - {name: plain, match: {mac: '52:54:00:00:00:01', arch: amd64}, version: v1.12.0}
                - {name: other, match: {mac: '52:54:00:00:00:02', arch: amd64}}
                - {name: good, match: {mac: '52:54:00:00:00:03'}, boot: local, version: v1.12.0}
                """)
        #expect(
            found == [
                "3:3: machine 'plain': Talos v1.12.0 has no boot files for amd64 here; "
                    + "import an imager image that has them"
            ])
    }

    /// An entry need not say which architecture its machine has: what can boot as one of them is no problem.
    @Test(.enabled(if: !Self.hasARM64Loader, "this host has a loader for arm64 itself"))
    func anArchitectureThatIsNotSaid() throws {
        try importRelease("v1.12.0", for: "arm64")
        try importRelease("v1.11.0", for: "amd64")
        let machines = """
            - {name: a, mac: '52:54:00:00:00:01', version: v1.12.0}
            - {name: b, mac: '52:54:00:00:00:02', version: v1.11.0}
            - {name: c, mac: '52:54:00:00:00:03'}
            """
        let found = try findings(in: machines)
        #expect(found.count == 1, "\(found)")
        #expect(
            found.first?.hasPrefix("3:3: machine 'a': Talos v1.12.0 has no boot files for amd64 here; ") == true,
            "\(found)")
        #expect(found.first?.contains("as arm64: machines of arm64 need the loader ipxe-arm64.efi") == true, "\(found)")
        try Data("loader".utf8).write(to: URL(filePath: "\(loaders)/ipxe-arm64.efi"))
        #expect(try findings(in: machines).isEmpty)
    }

    @Test func whatAVersionCannotTake() throws {
        try importRelease("v1.11.0", for: "amd64")
        let found = try findings(
            in: """
                - {name: a, mac: '52:54:00:00:00:01', version: v1.11.0, schematic: {customization: {embeddedMachineConfiguration: x}}}
                - {name: b, mac: '52:54:00:00:00:02', schematic: {customization: {embeddedMachineConfiguration: x}}}
                - {name: c, mac: '52:54:00:00:00:03', schematic: {overlay: {name: nope, image: siderolabs/sbc}, customization: {}}}
                - {name: d, mac: '52:54:00:00:00:04', schematic: {overlay: {name: rpi_generic, image: x/y}, customization: {}}}
                """)
        #expect(found.count == 2, "\(found)")
        #expect(found.first?.hasPrefix("3:3: machine 'a': embedding configuration is not supported") == true)
        #expect(found.last?.hasPrefix("5:3: machine 'c': overlay \"nope\" is not available for Talos") == true)
    }

    @Test func extensionsWithoutImages() throws {
        let place = "\(scratch.path)/partial"
        var layout = try MiniatureRelease().layout
        let all = layout.entries.count
        layout.entries.removeAll { $0.annotations.values.contains { $0.contains("/gvisor:") } }
        #expect(layout.entries.count == all - 1)
        try importLayout(layout, to: place)
        let machines = """
            - {name: a, mac: '52:54:00:00:00:01', schematic: {customization: {systemExtensions: {officialExtensions: [siderolabs/tailscale, siderolabs/gvisor]}}}}
            """
        let found = try findings(in: machines, store: place)
        #expect(
            found.count == 1
                && found[0].hasPrefix("3:3: machine 'a': the image of the extension siderolabs/gvisor ")
                && found[0].contains("for amd64"), "\(found)")
        #expect(try findings(in: machines).isEmpty)
    }

    @Test func commandLinesThatCannotBeWritten() throws {
        let long = (0..<60).map { "argument\($0)=\(String(repeating: "x", count: 30))" }.joined(separator: ", ")
        let found = try findings(
            in: """
                - {name: a, mac: '52:54:00:00:00:01', args: [\(long)]}
                - {name: b, mac: '52:54:00:00:00:02', schematic: {customization: {extraKernelArgs: ['x=${net0/mac}']}}}
                """)
        #expect(found.count == 2, "\(found)")
        #expect(found.first?.hasPrefix("3:3: machine 'a': the kernel command line has ") == true, "\(found)")
        #expect(found.last?.hasPrefix("4:3: machine 'b': 'x=${net0/mac}' has ") == true, "\(found)")
    }

    @Test(.enabled(if: !Self.hasARM64Loader, "this host has a loader for arm64 itself"))
    func loadersByArchitecture() throws {
        let machines = "- {name: a, match: {mac: '52:54:00:00:00:01', arch: arm64}}\n"
        let found = try findings(in: machines)
        #expect(found.count == 1 && found[0].hasPrefix("3:3: machine 'a': "), "\(found)")
        #expect(found.first?.contains("ipxe-arm64.efi") == true && found.first?.contains(loaders) == true)
        try Data("loader".utf8).write(to: URL(filePath: "\(loaders)/ipxe-arm64.efi"))
        #expect(try findings(in: machines).isEmpty)
    }

    @Test func aLoaderThatAnEntryNames() throws {
        let machines = "- {name: a, mac: '52:54:00:00:00:01', loader: chosen-here.efi}\n"
        let found = try findings(in: machines)
        #expect(
            found.count == 1 && found[0].hasPrefix("3:3: machine 'a': the loader chosen-here.efi is in none of "),
            "\(found)")
        try Data("loader".utf8).write(to: URL(filePath: "\(loaders)/chosen-here.efi"))
        #expect(try findings(in: machines).isEmpty)
    }

    @Test func aFolderOfTheOperatorsOwnThatIsNotThere() throws {
        let machines = "- {mac: '52:54:00:00:00:01'}\n"
        let found = try findings(in: machines, options: ["--tftp-root", "\(scratch.path)/none"])
        #expect(found.count == 1 && found[0].hasPrefix("--tftp-root \(scratch.path)/none: "), "\(found)")
        #expect(try findings(in: machines, options: ["--tftp-root", scratch.path]).isEmpty)
    }

    /// The daemon says the same, and serves what it has.
    @Test func aLoaderFolderThatIsNotThere() throws {
        let machines = "- {mac: '52:54:00:00:00:01'}\n"
        let file = try scratch.write("file", "")
        let loop = "\(scratch.path)/loop"
        try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: "loop")
        for (path, reason) in [
            ("\(scratch.path)/none", "there is no such folder"), (file, "it is not a folder"),
            ("\(loop)/x", "its links lead in a circle; name the folder that"),
            ("/\(String(repeating: "x", count: 300))", "no file has a name as long as that; name the folder that"),
        ] {
            let found = try findings(in: machines, options: ["--loader-folder", path])
            #expect(found.count == 1 && found[0].hasPrefix("--loader-folder \(path): \(reason)"), "\(found)")
            let daemon = try Program([
                "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port",
                "0",
                "--loader-folder", loaders, "--loader-folder", path,
            ])
            _ = try daemon.port()
            #expect(
                holds {
                    daemon.errorLines.contains {
                        $0.contains(" warning ") && $0.contains("--loader-folder \(path): \(reason)")
                    }
                }, "\(daemon.errors)")
        }
    }

    @Test func addressesAndPortsWhereNothingCanListen() throws {
        let machines = "- {mac: '52:54:00:00:00:01'}\n"
        let found = try findings(in: machines, options: ["--http-address", "192.0.2.1", "--http-port", "0"])
        #expect(found.count == 2, "\(found)")
        #expect(
            found.first?.hasPrefix("--http-address 192.0.2.1: Cannot assign requested address; ") == true, "\(found)")
        #expect(found.last?.hasPrefix("--http-port 0: ") == true, "\(found)")
        let held = try HeldPort(datagrams: false)
        for options in [
            ["--http-address", "127.0.0.1", "--http-port", "\(held.port)"], ["--http-address", "0.0.0.0"],
            ["--http-port", "0", "--dhcp", "off", "--no-tftp"],
        ] { #expect(try findings(in: machines, options: options).isEmpty, "\(options)") }
        #expect(try findings(in: machines, options: ["--http-address", "nosuch.invalid"]).count == 1)
    }

    @Test(arguments: ["gone", "altered"])
    func bootFilesThatAreNotWhatTheyWere(fault: String) throws {
        let manager = FileManager.default
        let kernel = Data(try Imported.release.get().release.kernel)
        let folder = "\(store)/blobs/sha256"
        let name = try #require(
            try manager.contentsOfDirectory(atPath: folder).first {
                manager.contents(atPath: "\(folder)/\($0)") == kernel
            })
        try manager.removeItem(atPath: "\(folder)/\(name)")
        if fault == "altered" { try Data([1] + kernel.dropFirst()).write(to: URL(filePath: "\(folder)/\(name)")) }
        let found = try findings(in: "- {name: a, mac: '52:54:00:00:00:01'}\n")
        #expect(found.count == 1 && found[0].hasPrefix("3:3: machine 'a': ") && found[0].contains(name), "\(found)")
        // A release that nobody boots is nobody's trouble.
        try importRelease("v1.12.0", for: "amd64")
        #expect(try findings(in: "- {mac: '52:54:00:00:00:01', version: v1.12.0}\n").isEmpty)
    }

    @Test(.enabled(if: Program.canUnshare, "needs mounts of its own"))
    func programsThatAreNotInstalled() throws {
        func found(_ machine: String) throws -> [String] {
            let path = try scratch.write(
                "machines.yaml", "defaults: {version: v1.13.5, schematic: {customization: {}}}\nmachines:\n\(machine)\n"
            )
            // What cannot be executed is no program.
            let program = try Program(command: [
                "/usr/bin/unshare", "-rm", "/bin/sh", "-c",
                """
                for name in unsquashfs depmod; do mount --bind /dev/null "$(readlink -f "$(command -v $name)")" || exit 9; done
                exec '\(Program.path)' check --store '\(store)' --config '\(path)' --loader-folder '\(loaders)'
                """,
            ])
            #expect(try program.finish() == (program.errorLines.isEmpty ? 0 : 1), "\(program.errors)")
            return program.errorLines
        }
        let missing = try found(
            "- {mac: '52:54:00:00:00:01', schematic: {customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}}}"
        )
        #expect(missing.count == 2, "\(missing)")
        #expect(missing.first?.contains("apt install squashfs-tools") == true)
        #expect(missing.last?.contains("apt install kmod") == true)
        #expect(try found("- {mac: '52:54:00:00:00:01'}").isEmpty)
    }

    @Test func whatManyMachinesShareIsSaidOnce() throws {
        let machines = (10..<40).map { "- {name: m\($0), mac: '52:54:00:00:00:\($0)', args: [n=\($0)], version: 9.9}" }
        let found = try findings(in: machines.joined(separator: "\n"))
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.hasPrefix("3:3: machine 'm10': Talos 9.9 is not in the store") == true, "\(found)")
        #expect(found.first?.hasSuffix("(the same for 29 more)") == true, "\(found)")
    }
}

import ArgumentParser
import Assembly
import Compositions
import Foundation
import Releases
import Settings
import Stores
import TalosModel

extension ReleaseCommand {
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Writes releases as one OCI layout, for networks without a registry.",
            discussion: """
                The layout holds the images of each release, those of all extensions and overlays that its catalogs list as far as \
                they are in the store, and their signatures. 'slipway release import' brings the same into another store; other \
                tools read it too.

                  slipway release export v1.13.5 --output talos.tar
                  slipway release import talos.tar
                """)

        @OptionGroup var file: SettingsFileOptions
        @OptionGroup var options: StoreOptions

        @Option(
            name: .customLong("arch"),
            help: ArgumentHelp(
                "Only images for this architecture; may be given twice. The default is all that are there.",
                valueName: "architecture"))
        var architectures: [Architecture] = []

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp(
                "Where to write it: a tar archive if the name ends in .tar, - for standard output, else a folder.",
                valueName: "path"),
            transform: OptionValues.path)
        var output: String

        @Argument(
            help: ArgumentHelp(
                "Versions, or further images by the names or digests that they were imported under.", valueName: "what")
        )
        var names: [String]

        func run() throws {
            let store = try file.settings(options).store
            try becomeOwner(of: store)
            try endingWithSentence {
                let catalog = try ReleaseCatalog(store: EmbeddedStore(root: store, access: .readOnly))
                let selection = selection()
                let check = ProgressBar("checking what is exported")
                let layout = try catalog.exportedLayout(selection) { check.show(done: $0, total: 0) }
                check.finish()
                if isArchive {
                    let archive = try layout.archive()
                    try OutputFile(output, isText: false).write(archive)
                } else {
                    try LayoutFolderOutput(output).write(layout)
                }
                for name in layout.missing {
                    printError(TerminalText.line("slipway: \(name) is not in the store, and so not in the layout"))
                }
                let bytes = layout.members.reduce(0) { $0 + $1.content.length }
                printError(
                    TerminalText.line(
                        "wrote \(layout.imageCount) images and \(layout.referrerCount) signatures and the like, \(bytes >> 20) MiB, to "
                            + output))
            }
        }

        private func selection() -> ExportSelection {
            var selection = ExportSelection(architectures: Set(architectures))
            for name in names {
                if let version = try? TalosVersion(parsing: name) {
                    selection.versions.append(version)
                } else {
                    selection.images.append(name)
                }
            }
            return selection
        }

        private var isArchive: Bool {
            output == "-" || output.hasSuffix(".tar") || ["/dev/stdout", "/dev/fd/1"].contains(output)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Removes a release from the store.",
            discussion: """
                Machines are offered it no longer, also by a daemon that is running. What another release lists stays. The room is \
                free after 'slipway store gc', an hour later at the earliest: what has been removed may still be on its way to machines.
                """)

        @OptionGroup var file: SettingsFileOptions
        @OptionGroup var options: StoreOptions

        @Argument(
            help: ArgumentHelp("The Talos version.", valueName: "version"), transform: OptionValues.version)
        var version: TalosVersion

        func run() throws {
            let store = try file.settings(options).store
            try becomeOwner(of: store)
            try endingWithSentence {
                try EmbeddedStore.requireStore(at: store)
                let removal = try ReleaseCatalog(store: EmbeddedStore(root: store)).remove(version)
                print("removed \(version.tag) and \(removal.images) images")
            }
        }
    }
}

/// A folder that becomes an OCI layout.
private struct LayoutFolderOutput {
    let path: String

    init(_ path: String) { self.path = path }

    /// Writes all of it; `index.json` comes last, so that half of it is no layout.
    func write(_ layout: ExportedLayout) throws {
        for folder in ["", "/blobs", "/blobs/sha256"] { try make(path + folder) }
        let names = try names(in: path)
        // What a killed export has left is written over.
        guard names.allSatisfy({ ["blobs", "oci-layout"].contains($0) || Self.isUnfinished($0) }) else {
            throw CommandFailure.exit(
                "slipway: \(path) is a folder with something in it already; name one that is empty, or not there yet")
        }
        for folder in [path, "\(path)/blobs/sha256"] {
            for name in try self.names(in: folder) where Self.isUnfinished(name) {
                _ = StoreOwner.asRoot { unlink("\(folder)/\(name)") }
            }
        }
        let total = layout.members.reduce(0) { $0 + $1.content.length }
        let bar = ProgressBar("writing \(path)")
        var done: UInt64 = 0
        for member in layout.members {
            bar.show(done: done, total: total)
            try OutputFile("\(path)/\(member.path)", isText: true).write(member.content)
            done += member.content.length
        }
        bar.finish()
    }

    private static func isUnfinished(_ name: String) -> Bool { name.contains(".partial-") }

    private func names(in folder: String) throws -> [String] {
        try StoreOwner.asRoot { try FileManager.default.contentsOfDirectory(atPath: folder) }
    }

    /// Makes a folder, or takes one that is there. In one that somebody else may change, root would write wherever he likes.
    private func make(_ folder: String) throws {
        let made = StoreOwner.asRoot { mkdir(folder, 0o755) == 0 ? 0 : errno }
        if made == 0 { return }
        var status = stat()
        guard made == EEXIST, StoreOwner.asRoot({ lstat(folder, &status) }) == 0 else {
            throw CommandFailure.exit("slipway: cannot make \(folder): \(String(cString: strerror(made)))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure.exit("slipway: \(folder) is no folder; name one that is empty, or not there yet")
        }
        let user = StoreOwner.asRoot { geteuid() }
        guard status.st_uid == user || status.st_uid == geteuid() else {
            throw CommandFailure.exit(
                "slipway: \(folder) is another user's; name a folder of your own, or a file ending in .tar")
        }
    }
}

import ArgumentParser
import Assembly
import Releases
import Stores
import TalosModel

struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Brings Talos releases into the store, lists them, and hands them on.",
        subcommands: [Import.self, List.self, Export.self, Remove.self])

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Takes in an OCI layout: a folder or a tar archive.",
            discussion: """
                The layout may hold any of the five kinds of image that a release is made of: the imager, the installer base, \
                the catalogs of extensions and of overlays, and the extensions themselves, for one architecture or several. \
                Each image is stored whole or not at all; it works beside a running daemon, which sees it at once.

                  skopeo copy --all docker://…/siderolabs/imager:v1.13.5 oci:talos:…/siderolabs/imager:v1.13.5
                  slipway release import talos
                """)

        @OptionGroup var options: StoreOptions

        @Option(
            name: .customLong("talos"),
            help: ArgumentHelp("The Talos version of images that do not say theirs.", valueName: "version"),
            transform: OptionValues.version)
        var talosVersion: TalosVersion?

        @Flag(help: "Print the report as JSON.")
        var json = false

        @Argument(
            help: ArgumentHelp("The layout's folder or tar archive.", valueName: "path"), transform: OptionValues.path)
        var path: String

        func run() throws {
            try becomeOwner(of: options.folder)
            try endingWithSentence {
                let catalog = try ReleaseCatalog(store: EmbeddedStore(root: options.folder))
                let bar = ProgressBar("importing \(path)")
                let report = try catalog.importLayout(at: path, version: talosVersion) { progress in
                    bar.show(done: progress.bytesDone, total: progress.bytesTotal)
                }
                bar.finish()
                if json { try printJSON(ReportDocument(report)) } else { show(report) }
                if !report.failures.isEmpty { throw ExitCode(1) }
            }
        }

        private func show(_ report: ImportReport) {
            for image in report.imported {
                let architectures = image.architectures.map(\.rawValue).joined(separator: ", ")
                let name = TerminalText.line(image.name)
                print("\(image.kind.rawValue)\t\(name)\t\(image.version?.tag ?? "-")\t\(architectures)")
            }
            for entry in report.skipped { printError(TerminalText.line("skipped \(entry.name): \(entry.reason)")) }
            for failure in report.failures { printError(TerminalText.line("failed \(failure.name): \(failure.error)")) }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Shows the releases in the store with their extensions and overlays.")

        @OptionGroup var options: StoreOptions

        @Flag(help: "Print the list as JSON.")
        var json = false

        func run() throws {
            try becomeOwner(of: options.folder)
            try endingWithSentence {
                let catalog = try ReleaseCatalog(store: EmbeddedStore(root: options.folder, access: .readOnly))
                let known = catalog.snapshot
                let releases = known.versions.compactMap { known.summary($0) }
                if json {
                    try printJSON(releases.map(ReleaseDocument.init))
                } else {
                    for release in releases { print(ReleaseDocument(release).text) }
                    if releases.isEmpty { print("no releases; 'slipway release import PATH' brings one in") }
                }
                for problem in catalog.problems { printError(TerminalText.line("slipway: \(problem)")) }
            }
        }
    }
}

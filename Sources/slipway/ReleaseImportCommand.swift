import ArgumentParser
import Assembly
import Errors
import Files
import Foundation
import Logging
import OCIModel
import Registries
import Releases
import Settings
import Stores
import Synchronization
import SystemPackage
import TalosModel

extension ReleaseCommand {
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Brings a release into the store: from a registry, or out of an OCI layout.",
            discussion: """
                What is named may be a path (a folder or a tar archive with an OCI layout), else a Talos version, else an image in a \
                registry. Of a version it brings all that it consists of and all extensions and overlays that it lists, with their \
                signatures. Each image is stored whole or not at all; what is here already is not fetched again, so that the same \
                command goes on where another was interrupted. It works beside a running daemon, which sees it at once.

                  slipway release import v1.13.5
                  slipway release import v1.13.5 --extensions gvisor,tailscale --arch amd64
                  slipway release import registry.k8s.io/pause:3.10
                  slipway release import talos.tar
                """)

        @OptionGroup var file: SettingsFileOptions
        @OptionGroup var options: StoreOptions
        @OptionGroup var source: RegistryOptions

        @Option(
            name: .customLong("talos"),
            help: ArgumentHelp(
                "The Talos version of images in a layout that do not say theirs.", valueName: "version"),
            transform: OptionValues.version)
        var talosVersion: TalosVersion?

        @Option(
            help: ArgumentHelp(
                "Only these extensions of a version, by their names with commas between them, and no overlays.",
                valueName: "names"))
        var extensions: String?

        @Option(
            name: .customLong("arch"),
            help: ArgumentHelp(
                "Only images for this architecture; may be given twice. The default is both.", valueName: "architecture"
            ))
        var architectures: [Architecture] = []

        @Flag(help: "Print the report as JSON.")
        var json = false

        @Argument(
            help: ArgumentHelp("A path, a version, or an image.", valueName: "what"), transform: OptionValues.path)
        var name: String

        func run() async throws {
            let settings = try file.settings(options, source)
            let hasBecomeOther = StoreOwner.toBecome(for: settings.store) != nil
            try becomeOwner(of: settings.store)
            do {
                let report = try await report(settings, .ofOwner(afterRoot: hasBecomeOther))
                if json { try printJSON(ReportDocument(report)) } else { show(report) }
                if !report.failures.isEmpty { throw ExitCode(1) }
            } catch let error as any CodedError {
                throw CommandFailure.exit(TerminalText.line("slipway: \(error)"))
            }
        }

        private func report(
            _ settings: ApplianceSettings, _ environment: CredentialEnvironment
        ) async throws -> ImportReport {
            let isPath = StoreOwner.asRoot { isThere(name) }
            if isPath {
                let catalog = try ReleaseCatalog(store: EmbeddedStore(root: settings.store))
                let bar = ProgressBar("importing \(name)")
                let report = try catalog.importLayout(at: name, version: talosVersion) { progress in
                    bar.show(done: progress.bytesDone, total: progress.bytesTotal)
                }
                bar.finish()
                return report
            }
            let subject = try subject()
            let catalog = try ReleaseCatalog(store: EmbeddedStore(root: settings.store))
            let client = try settings.registryClient(environment: environment, logger: Self.logger)
            let meter = FetchMeter("importing \(name)")
            let registry = RegistryImport(
                into: catalog, from: client,
                architectures: Set(architectures.isEmpty ? Architecture.allCases : architectures)
            ) { meter.show($0) }
            let result: Result<ImportReport, any Error>
            do {
                switch subject {
                case .release(let version):
                    let names = extensions?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                    result = .success(
                        try await registry.release(version, from: settings.releaseOrigin, extensions: names))
                case .image(let image): result = .success(try await registry.image(image))
                }
            } catch {
                result = .failure(error)
            }
            meter.finish()
            try? await client.shutdown()
            return try result.get()
        }

        /// Not by access(2), which goes by the user that root has become.
        private func isThere(_ path: String) -> Bool {
            do throws(Errno) { _ = try FileIdentity(at: path, followingLinks: true) } catch {
                return error != .noSuchFileOrDirectory && error != .notDirectory
            }
            return true
        }

        /// What is fetched from a registry.
        private enum Subject {
            case release(TalosVersion)
            case image(ImageReference)
        }

        private func subject() throws -> Subject {
            if let version = try? TalosVersion(parsing: name) { return .release(version) }
            if let image = try? ImageReference(parsing: name), image.registry != nil { return .image(image) }
            throw CommandFailure.exit(
                TerminalText.line(
                    "slipway: \(name) is neither a path, nor a Talos version like v1.13.5, nor an image with its registry like "
                        + "registry.k8s.io/pause:3.10"))
        }

        /// What the client gets over by itself is not told.
        private static var logger: Logger {
            var logger = Logger(label: "slipway.registries")
            logger.logLevel = .warning
            return logger
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
}

/// Where releases are fetched from.
struct RegistryOptions: SettingFlags {
    @Option(\.$releaseRegistry) var registry: FlagValue?
    @Option(\.$releaseNamespace) var namespace: FlagValue?
}

extension CredentialEnvironment {
    /// The environment of whoever works on a store: this process' own, or where root has become another user, with that user's
    /// home and nothing of root's folders. The credentials are those that the daemon has then.
    fileprivate static func ofOwner(afterRoot hasBecomeOther: Bool) -> CredentialEnvironment {
        var environment = CredentialEnvironment.ofThisProcess
        guard hasBecomeOther else { return environment }
        for name in ["XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"] { environment.variables[name] = nil }
        environment.variables["HOME"] = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_dir) } ?? "/nonexistent"
        return environment
    }
}

/// A progress bar that several report to.
private final class FetchMeter: Sendable {
    private let bar: Mutex<ProgressBar>

    init(_ title: String) { bar = Mutex(ProgressBar(title)) }

    func show(_ progress: ImportProgress) {
        bar.withLock { $0.show(done: progress.bytesDone, total: progress.bytesTotal) }
    }

    func finish() { bar.withLock { $0.finish() } }
}

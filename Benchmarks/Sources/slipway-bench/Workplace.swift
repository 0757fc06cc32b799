import Foundation
import Loads

/// The release that is measured with.
enum Release {
    static let version = "v1.13.5"
    static let extensions = ["bench-one", "bench-two", "bench-three"]
    /// A version that exists for one large file only.
    static let largeVersion = "v1.13.0"

    /// A schematic over the three extensions; `mark` makes it a new one.
    static func schematic(mark: String) -> String {
        """
        customization:
          extraKernelArgs: [bench.mark=\(mark)]
          systemExtensions:
            officialExtensions: [\(extensions.map { "siderolabs/\($0)" }.joined(separator: ", "))]

        """
    }
}

/// The folders and inputs that the benchmarks share.
final class Workplace {
    let options: Options
    /// Empty at the start of each run.
    let folder: String
    private var filledStore: String?
    private var madeLayout: String?

    init(_ options: Options) throws {
        self.options = options
        folder = "\(options.folder)/run"
        guard access(options.slipway, X_OK) == 0 else {
            throw Failure(
                "there is no program \(options.slipway): run swift build -c release --product slipway, or name one with "
                    + "--slipway")
        }
        if FileManager.default.fileExists(atPath: folder) { try FileManager.default.removeItem(atPath: folder) }
        _ = try subfolder("")
        // A hundred megabytes and more, of no use to anybody afterwards; the layout stays.
        _ = CleanUp.add { [folder] in try? FileManager.default.removeItem(atPath: folder) }
    }

    /// Says on standard error what goes on.
    func tell(_ text: String) { complain("  \(text)\n") }

    /// A new folder for the run.
    func subfolder(_ name: String) throws -> String {
        let path = name.isEmpty ? folder : "\(folder)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    var slipway: Program { Program(path: options.slipway) }

    /// The layout of the release with the three extensions.
    func layout() throws -> String {
        if let layout = madeLayout ?? options.layout { return layout }
        let path = URL(fileURLWithPath: options.slipway).deletingLastPathComponent()
            .appendingPathComponent("talos-shaped-release").path
        guard access(path, X_OK) == 0 else {
            throw Failure(
                "there is no program \(path): run swift build -c release --product talos-shaped-release, or name a layout "
                    + "with --layout")
        }
        tell("making the release (kept for the next run)")
        let output = "\(options.folder)/layout"
        let cache = URL(fileURLWithPath: options.folder).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent(".lab/cache").path
        try Program(path: path).run([output, "--cache", cache, "--bench", "--versions", Release.version])
        madeLayout = output
        return output
    }

    /// A store with the release and a version with one large file.
    func store() throws -> String {
        if let filledStore { return filledStore }
        let layout = try layout()
        let large = try LargeRelease.write(to: try subfolder("large"))
        tell("importing")
        let store = "\(folder)/store"
        for path in [layout, large] { try slipway.run(["release", "import", "--store", store, path]) }
        filledStore = store
        return store
    }

    /// A machines file in which every machine boots the three extensions.
    func machinesFile() throws -> String {
        let path = "\(folder)/machines.yaml"
        let names = Release.extensions.map { "siderolabs/\($0)" }.joined(separator: ", ")
        let text = """
            schematics:
              bench:
                customization:
                  systemExtensions:
                    officialExtensions: [\(names)]
            defaults:
              schematic: bench
              version: \(Release.version)
            unknown: default

            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}

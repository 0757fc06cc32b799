import Foundation
import TalosModel

/// Debian packages unpacked beside the system, never installed: what is taken from them cannot be changed by whatever
/// else the machine has installed.
struct DebianPackages {
    /// Which of Debian's releases packages come from.
    enum Suite: String {
        /// The one that this machine runs, by the system's own index.
        case own
        /// Debian 13, which has an iPXE for arm64 and a younger one for the others.
        case trixie
    }

    private let cache: BuildCache
    private let suite: Suite
    private let apt: ExternalProgram
    private let query: ExternalProgram
    private let dpkg: ExternalProgram

    init(cache: BuildCache, suite: Suite = .own) throws(TestSupportError) {
        self.cache = cache
        self.suite = suite
        apt = try ExternalProgram("apt-get", package: "apt")
        query = try ExternalProgram("apt-cache", package: "apt")
        dpkg = try ExternalProgram("dpkg-deb", package: "dpkg")
    }

    /// A package as it was unpacked.
    struct Unpacked {
        /// The folder.
        let folder: String
        /// The archive's file name, with version and architecture.
        let archive: String
    }

    /// What makes apt see the packages of another architecture or release without telling the system's dpkg of it: an index of
    /// its own.
    private func aptOptions(for architecture: Architecture) throws(TestSupportError) -> [String] {
        if architecture == .native, suite == .own { return [] }
        func options(_ folder: String) -> [String] {
            var options = [
                "APT::Architecture=\(architecture)", "APT::Architectures=\(architecture)", "Dir::State=\(folder)",
                "Dir::State::status=/dev/null", "Dir::Cache=\(folder)/cache",
            ]
            if suite != .own {
                options += ["Dir::Etc::SourceList=/dev/null", "Dir::Etc::SourceParts=\(folder)/sources"]
            }
            return options.flatMap { ["-o", $0] }
        }
        let name = suite == .own ? "apt/\(architecture)" : "apt/\(suite.rawValue)-\(architecture)"
        let folder = try cache.folder(name) { folder in
            for part in ["lists/partial", "cache/archives/partial", "sources"] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
            }
            if suite != .own {
                let sources = try AptSources.system().sources(of: suite.rawValue)
                try Data(sources.utf8).write(to: URL(fileURLWithPath: "\(folder)/sources/other.sources"))
            }
            try apt(options(folder) + ["update", "-qq"])
        }
        return options(folder)
    }

    /// Downloads and unpacks a package of a given architecture; a package that only stands for others (such as
    /// `linux-image-cloud-amd64`) is followed to the one that it names with the same beginning.
    func unpack(_ name: String, for architecture: Architecture) throws(TestSupportError) -> Unpacked {
        let options = try aptOptions(for: architecture)
        let suffix = suite == .own ? "" : "-\(suite.rawValue)"
        let folder = try cache.folder("packages/\(name)-\(architecture)\(suffix)") { folder in
            var wanted = name
            if name.hasPrefix("linux-image-") {
                let depends = try query(options + ["depends", "\(name):\(architecture)"])
                let images = depends.split(separator: "\n").compactMap { line -> String? in
                    let words = line.split(separator: " ")
                    guard words.count == 2, words[0] == "Depends:", words[1].hasPrefix("linux-image-") else {
                        return nil
                    }
                    return words[1].split(separator: ":").first.map(String.init)
                }
                guard let image = images.first else { throw TestSupportError("\(name) names no kernel image") }
                wanted = image
            }
            let downloads = "\(folder)/downloads"
            try FileManager.default.createDirectory(atPath: downloads, withIntermediateDirectories: true)
            do {
                try apt(options + ["download", "-qq", "\(wanted):\(architecture)"], in: downloads)
            } catch {
                throw TestSupportError(
                    "cannot download \(wanted):\(architecture) (run apt-get update and try again): \(error)")
            }
            guard let archive = try FileManager.default.contentsOfDirectory(atPath: downloads).first else {
                throw TestSupportError("apt-get downloaded nothing for \(wanted)")
            }
            try dpkg(["--extract", "\(downloads)/\(archive)", "\(folder)/files"])
            try FileManager.default.removeItem(atPath: downloads)
            try Data(archive.utf8).write(to: URL(fileURLWithPath: "\(folder)/archive"))
        }
        return try attempting("reading \(folder)") {
            Unpacked(
                folder: "\(folder)/files", archive: try String(contentsOfFile: "\(folder)/archive", encoding: .utf8))
        }
    }
}

extension Architecture {
    /// This machine's.
    fileprivate static var native: Architecture {
        #if arch(arm64)
            .arm64
        #else
            .amd64
        #endif
    }
}

/// A Linux kernel out of a Debian package, with its modules.
struct DebianKernel: Sendable {
    /// The release, as `uname -r` prints it.
    let release: String
    /// The kernel image's path.
    let image: String
    /// The folder `kernel` and the `modules.*` lists are in.
    let modulesFolder: String
    /// Where each module is below that folder, by module name.
    let modules: [String: String]

    init(in package: DebianPackages.Unpacked) throws {
        let files = FileManager.default
        let folder = "\(package.folder)/lib/modules"
        guard let release = try files.contentsOfDirectory(atPath: folder).first else {
            throw TestSupportError("\(package.archive) has no modules")
        }
        self.release = release
        image = "\(package.folder)/boot/vmlinuz-\(release)"
        modulesFolder = "\(folder)/\(release)"
        var modules: [String: String] = [:]
        for path in try files.subpathsOfDirectory(atPath: modulesFolder) where path.hasSuffix(".ko") {
            guard let file = path.split(separator: "/").last else { continue }
            modules[file.dropLast(3).replacingOccurrences(of: "-", with: "_")] = path
        }
        self.modules = modules
    }

    /// Where a module is below the modules folder.
    func path(of module: String) throws -> String {
        guard let path = modules[module] else { throw TestSupportError("kernel \(release) has no module \(module)") }
        return path
    }
}

import Digests
import Foundation
import TalosModel

/// Releases with the exact layout of Talos' images, made out of Debian's packages: a real kernel, a base
/// initramfs whose init prints what it finds on the serial line, and extensions of every sort. The images of all
/// versions are in one OCI layout folder, under the names that Sidero Labs publishes them by.
///
/// Making them takes some tens of seconds and downloads about 30 MB with apt; what was made stays in the cache folder
/// and is found there the next time. The bytes depend on the packages' versions and on this code, on nothing else.
public struct TalosShapedRelease: Sendable {
    /// The versions made by default: either side of 1.8 (xz or zstd) and of 1.10 (`lib` or `usr/lib`, installer or
    /// installer-base).
    public static let standardVersions = [
        TalosVersion(1, 7, 6), TalosVersion(1, 9, 5), TalosVersion(1, 10, 3), TalosVersion(1, 13, 5),
    ]

    /// The versions to make.
    public let versions: [TalosVersion]
    /// The architectures to make them for.
    public let architectures: [Architecture]
    /// Whether the three extensions of 20 MB each are among them.
    public let benchmarkExtensions: Bool
    private let cache: BuildCache

    /// To be raised whenever the same packages would give other bytes.
    private static let recipe = 2

    /// A set of releases, not made yet.
    ///
    /// - Parameters:
    ///   - cache: the folder for what is downloaded and made.
    public init(
        cache: String, versions: [TalosVersion] = standardVersions, architectures: [Architecture] = [.amd64],
        benchmarkExtensions: Bool = false
    ) throws(TestSupportError) {
        self.cache = try BuildCache(folder: cache)
        self.versions = versions
        self.architectures = architectures
        self.benchmarkExtensions = benchmarkExtensions
    }

    /// The path of the OCI layout folder in the cache, made if it is not there.
    ///
    /// - Parameters:
    ///   - progress: is told each step in a few words.
    public func layout(progress: (String) -> Void = { _ in }) throws(TestSupportError) -> String {
        let packers = try Packers()
        progress("packages")
        let systems = try packages()
        let ingredients = try ingredients(of: systems)
        let wanted =
            versions.map(\.tag).joined(separator: ",") + architectures.map(\.rawValue).joined(separator: ",")
            + (benchmarkExtensions ? "+benchmark" : "")
        let key = String(Digest.of(ingredients + wanted).hexadecimal.prefix(16))
        return try cache.folder("layouts/\(key)") { folder in
            var assembly = try ReleaseAssembly(
                folder: folder, scratch: "\(cache.folder)/unfinished/\(getpid())-\(UUID().uuidString)",
                packers: packers,
                systems: systems.map { BaseSystem(packages: $0, packers: packers, cache: cache) }, key: ingredients)
            for version in versions {
                try assembly.add(
                    version,
                    extensions: SampleExtension.standard + (benchmarkExtensions ? SampleExtension.benchmark : []),
                    progress: progress)
            }
            try assembly.finish()
        }
    }

    /// The files that boot a version without an appliance, and a busybox to serve them with.
    public struct BootFiles: Sendable {
        /// The kernel's path.
        public let kernel: String
        /// The base initramfs' path.
        public let initramfs: String
        /// The path of the busybox that is in the initramfs.
        public let busybox: String
    }

    /// The kernel and the base initramfs of a version, as they are in its imager image.
    public func bootFiles(
        of version: TalosVersion, architecture: Architecture = .amd64
    ) throws(TestSupportError) -> BootFiles {
        let systems = try packages()
        guard let packages = systems.first(where: { $0.architecture == architecture }) else {
            throw TestSupportError("\(architecture) is not among the architectures of this release")
        }
        let system = BaseSystem(packages: packages, packers: try Packers(), cache: cache)
        let key = try ingredients(of: systems)
        let initramfs = try attempting("making the initramfs of \(version.tag)") {
            try system.initramfs(version: version, key: key)
        }
        return BootFiles(kernel: packages.kernel.image, initramfs: initramfs, busybox: packages.busybox)
    }

    private func packages() throws(TestSupportError) -> [BaseSystem.Packages] {
        let packages = try DebianPackages(cache: cache)
        return try attempting("unpacking Debian's packages") {
            try architectures.map { try BaseSystem.Packages(packages, for: $0) }
        }
    }

    /// Stands for everything that the bytes depend on but versions and choice.
    private func ingredients(of systems: [BaseSystem.Packages]) throws(TestSupportError) -> String {
        let recipe = (["recipe \(Self.recipe)"] + systems.flatMap(\.archives)).joined(separator: "\n")
        let scripts = try attempting("reading the init") { try Resource.named("init") + Resource.named("address") }
        return String(Digest.of(recipe + Digest.of(scripts).hexadecimal).hexadecimal.prefix(16))
    }

    /// Writes the layout to a folder of the caller's, by hard links where the file system allows.
    ///
    /// - Parameters:
    ///   - output: the folder; an OCI layout that is there already is replaced, anything else is an error.
    ///   - progress: is told each step in a few words.
    public func write(to output: String, progress: (String) -> Void = { _ in }) throws(TestSupportError) {
        let made = try layout(progress: progress)
        try attempting("writing \(output)") {
            let files = FileManager.default
            if files.fileExists(atPath: output) {
                let isLayout = files.fileExists(atPath: "\(output)/oci-layout")
                let isEmpty = try files.contentsOfDirectory(atPath: output).isEmpty
                guard isLayout || isEmpty else { throw TestSupportError("the folder is there and is no OCI layout") }
                try files.removeItem(atPath: output)
            }
            let unfinished = "\(output).unfinished-\(getpid())"
            defer { try? files.removeItem(atPath: unfinished) }
            try files.createDirectory(atPath: unfinished, withIntermediateDirectories: true)
            for path in try files.subpathsOfDirectory(atPath: made).sorted() {
                var isFolder: ObjCBool = false
                _ = files.fileExists(atPath: "\(made)/\(path)", isDirectory: &isFolder)
                if isFolder.boolValue {
                    try files.createDirectory(atPath: "\(unfinished)/\(path)", withIntermediateDirectories: true)
                } else if link("\(made)/\(path)", "\(unfinished)/\(path)") != 0 {
                    try files.copyItem(atPath: "\(made)/\(path)", toPath: "\(unfinished)/\(path)")
                }
            }
            try files.moveItem(atPath: unfinished, toPath: output)
        }
    }
}

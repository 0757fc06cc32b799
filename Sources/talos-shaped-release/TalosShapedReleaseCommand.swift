import ArgumentParser
import Foundation
import TalosModel
import TestSupport

/// Makes the releases that Slipway is tested and demonstrated with.
@main
struct TalosShapedReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "talos-shaped-release",
        abstract: "Make releases of Talos' shape out of Debian's packages, as one OCI layout folder.",
        discussion: "They boot and say on the serial line what they were booted with. They are not Talos.")

    @Argument(help: "The folder to write; an OCI layout that is there is replaced.")
    var output: String

    @Option(parsing: .upToNextOption, help: "The versions to make. (default: v1.7.6 v1.9.5 v1.10.3 v1.13.5)")
    var versions: [String] = []

    @Option(parsing: .upToNextOption, help: "The architectures to make them for: amd64, arm64. (default: amd64)")
    var architectures: [String] = []

    @Flag(name: .customLong("bench"), help: "Include the three extensions of 20 MB for measurements.")
    var benchmarkExtensions = false

    @Option(help: "The folder for what is downloaded and made, to be found again the next time.")
    var cache = ".lab/cache"

    mutating func run() throws {
        let versions = try self.versions.map { text in
            do {
                return try TalosVersion(parsing: text)
            } catch {
                throw ValidationError("\(error)")
            }
        }
        let architectures = try self.architectures.map { text in
            guard let architecture = Architecture(rawValue: text) else {
                throw ValidationError("'\(text)' is not an architecture: write amd64 or arm64")
            }
            return architecture
        }
        let release = try TalosShapedRelease(
            cache: cache, versions: versions.isEmpty ? TalosShapedRelease.standardVersions : versions,
            architectures: architectures.isEmpty ? [.amd64] : architectures, benchmarkExtensions: benchmarkExtensions)
        try release.write(to: output) { step in
            FileHandle.standardError.write(Data("  \(step)\n".utf8))
        }
    }
}

import Compression
import Schematics
import TalosModel

extension Schematic {
    /// The kernel command line that it gives on an asset's platform.
    ///
    /// - Throws: `KernelCommandLineError` for a platform that the version does not know, and what zlib refuses.
    public func commandLine(of target: AssetPath, version: TalosVersion) throws -> KernelCommandLine {
        try KernelCommandLine.assembled(
            platform: target.platform, architecture: target.architecture, version: version, kind: .commandLine,
            secureBoot: target.secureBoot, meta: meta.map { MetaEntry(key: $0.key, value: $0.value) },
            extraArguments: extraKernelArguments.map { Array($0.utf8) },
            // The best level takes time by the square of the length for some texts. No machine boots with a line that
            // the difference would matter for.
            gzip: { try compress($0, .gzip(level: $0.count > 64 << 10 ? 1 : 9)) })
    }
}

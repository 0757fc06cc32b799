import Compression
import Schematics
import TalosModel

extension Factory {
    /// Reads a version as requests write it, with or without `v`.
    ///
    /// - Throws: ``FactoryError`` with the code `invalidRequest`.
    public func parseVersion(_ text: String) throws(FactoryError) -> TalosVersion {
        do { return try TalosVersion(parsing: text) } catch { throw FactoryError(.invalidRequest, error.description) }
    }

    /// Reads the last part of a `/pxe` path: platform, architecture and whether with SecureBoot.
    ///
    /// - Throws: ``FactoryError`` with the code `invalidRequest`.
    public func bootTarget(_ path: String) throws(FactoryError) -> AssetPath {
        do { return try AssetPath(parsingScript: path) } catch {
            throw FactoryError(.invalidRequest, "error parsing profile from path: \(error)")
        }
    }

    /// The kernel command line that a schematic gives on a platform.
    ///
    /// - Throws: ``FactoryError`` with the code `invalidRequest` for an unknown platform.
    public func commandLine(
        schematic: Schematic, version: TalosVersion, platform: String, architecture: Architecture, secureBoot: Bool
    ) throws -> KernelCommandLine {
        do {
            return try KernelCommandLine.assembled(
                platform: platform, architecture: architecture, version: version, kind: .commandLine,
                secureBoot: secureBoot,
                meta: schematic.meta.map { MetaEntry(key: $0.key, value: $0.value) },
                extraArguments: schematic.extraKernelArguments.map { Array($0.utf8) },
                gzip: { try compress($0, .gzip(level: 9)) })
        } catch let error as KernelCommandLineError {
            throw FactoryError(.invalidRequest, error.description)
        } catch {
            throw FactoryError(.buildFailed, "the kernel command line cannot be assembled", cause: error)
        }
    }
}

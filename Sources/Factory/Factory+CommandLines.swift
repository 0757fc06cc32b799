import BlockingWork
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

    /// What `body` makes of the kernel command line that a schematic gives on an asset's platform. `body` runs off the
    /// cooperative pool: a line is as long as a schematic may be.
    ///
    /// - Throws: ``FactoryError`` with the code `invalidRequest` for an unknown platform, or `busy`.
    public func commandLine<Value: Sendable>(
        of target: AssetPath, schematic: Schematic, version: TalosVersion,
        _ body: @escaping @Sendable (KernelCommandLine) throws -> Value
    ) async throws -> Value {
        try await plans.run { try body(Self.commandLine(of: target, schematic: schematic, version: version)) }
    }

    /// The kernel command line that a schematic gives on an asset's platform.
    ///
    /// - Throws: ``FactoryError`` with the code `invalidRequest` for an unknown platform.
    public static func commandLine(
        of target: AssetPath, schematic: Schematic, version: TalosVersion
    ) throws(FactoryError) -> KernelCommandLine {
        do {
            return try KernelCommandLine.assembled(
                platform: target.platform, architecture: target.architecture, version: version, kind: .commandLine,
                secureBoot: target.secureBoot,
                meta: schematic.meta.map { MetaEntry(key: $0.key, value: $0.value) },
                extraArguments: schematic.extraKernelArguments.map { Array($0.utf8) },
                // The best level takes time by the square of the length for some texts. No machine boots with a line that
                // the difference would matter for.
                gzip: { try compress($0, .gzip(level: $0.count > 64 << 10 ? 1 : 9)) })
        } catch let error as KernelCommandLineError {
            throw FactoryError(.invalidRequest, error.description)
        } catch {
            throw FactoryError(.buildFailed, "the kernel command line cannot be assembled", cause: error)
        }
    }
}

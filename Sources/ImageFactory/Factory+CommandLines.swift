import Imaging
import Schematics
import TalosModel
import Workers

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
        try await plans.run {
            let line: KernelCommandLine
            do { line = try schematic.commandLine(of: target, version: version) } catch let error
                as KernelCommandLineError
            {
                throw FactoryError(.invalidRequest, error.description)
            } catch {
                throw FactoryError(.buildFailed, "the kernel command line cannot be assembled", cause: error)
            }
            return try body(line)
        }
    }
}

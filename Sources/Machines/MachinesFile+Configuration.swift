import ConfigurationYAML

/// Why a machine's configuration cannot be served.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

extension MachinesFile {
    /// The machine configuration that an assignment of this file names, as it is now or as it was kept. This reads a file; call it off the
    /// cooperative pool.
    public func configuration(_ path: String) throws(ConfigurationError) -> [UInt8] {
        if let kept {
            guard let content = kept[path] else {
                throw ConfigurationError(description: "the configuration \(path) was not kept")
            }
            return content
        }
        do { return try RegularFile.read(path, limit: MachinesFileReader.configurationLimit) } catch {
            throw ConfigurationError(description: "the configuration \(path) cannot be read: \(error)")
        }
    }
}

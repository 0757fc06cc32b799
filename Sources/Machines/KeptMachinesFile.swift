import ConfigurationYAML

/// A sound machines file with every file that it names, as it was: what a daemon starts from while the file itself is refused.
public struct KeptMachinesFile: Hashable, Sendable {
    /// The file's path, as it was given.
    public let path: String
    /// What it and the files that it names say, by their paths.
    private let contents: [String: [UInt8]]

    /// Reads a file that is in force, and what it names, once more. This reads files; call it off the cooperative pool.
    ///
    /// - Throws: ``ConfigurationError`` when a file cannot be read any more, or when together they are no sound machines file,
    ///   because one was changed meanwhile.
    public init(of file: MachinesFile) throws(ConfigurationError) {
        var contents: [String: [UInt8]] = [:]
        for name in [file.path] + file.referencedFiles {
            do { contents[name] = try RegularFile.read(name, limit: MachinesFileReader.configurationLimit) } catch {
                throw ConfigurationError(description: "\(name) cannot be read: \(error)")
            }
        }
        path = file.path
        self.contents = contents
        do { _ = try load() } catch { throw ConfigurationError(description: "it was changed meanwhile: \(error)") }
    }

    /// The machines file that these bytes are. Its configurations are the kept ones.
    public func load() throws(MachinesFileError) -> MachinesFile {
        let outcome = RegularFile.$kept.withValue(contents) { MachinesFileReader.load(path) }
        return MachinesFile(try outcome.result.get(), kept: contents)
    }

    // MARK: - Bytes

    private static let mark = Array("slipway machines file 1\n".utf8)

    /// The mark, the path, and the files in the order of their paths; each text behind its length, a 64-bit number, the
    /// highest byte first.
    public func encode() -> [UInt8] {
        var bytes = Self.mark
        func append(_ text: some Collection<UInt8>) {
            bytes += withUnsafeBytes(of: UInt64(text.count).bigEndian) { Array($0) }
            bytes += text
        }
        append(path.utf8)
        for (name, content) in contents.sorted(by: { $0.key < $1.key }) {
            append(name.utf8)
            append(content)
        }
        return bytes
    }

    /// Reads what ``encode()`` wrote; nil for anything else.
    public init?(decoding bytes: [UInt8]) {
        guard bytes.starts(with: Self.mark) else { return nil }
        var rest = bytes.dropFirst(Self.mark.count)
        func next() -> ArraySlice<UInt8>? {
            guard rest.count >= 8 else { return nil }
            let length = rest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            rest = rest.dropFirst(8)
            guard length <= UInt64(rest.count) else { return nil }
            defer { rest = rest.dropFirst(Int(length)) }
            return rest.prefix(Int(length))
        }
        guard let path = next() else { return nil }
        var contents: [String: [UInt8]] = [:]
        while !rest.isEmpty {
            guard let name = next(), let content = next() else { return nil }
            contents[String(decoding: name, as: UTF8.self)] = Array(content)
        }
        self.path = String(decoding: path, as: UTF8.self)
        self.contents = contents
    }
}

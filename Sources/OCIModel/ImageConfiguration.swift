import Digests

/// What an image runs on and as what, and what its layers unpack to (OCI image specification, config.md).
public struct ImageConfiguration: Hashable, Sendable {
    /// What it runs on; both names may be empty in an image made from nothing.
    public var platform: Platform
    /// The program and its first arguments.
    public var entrypoint: [String]
    /// Further arguments.
    public var command: [String]
    /// Variables as NAME=value.
    public var environment: [String]
    /// Labels.
    public var labels: [String: String]
    /// The digest of each layer when it is not compressed, the lowest first.
    public var diffIDs: [Digest]

    /// A configuration.
    public init(
        platform: Platform, entrypoint: [String] = [], command: [String] = [], environment: [String] = [],
        labels: [String: String] = [:], diffIDs: [Digest]
    ) {
        self.platform = platform
        self.entrypoint = entrypoint
        self.command = command
        self.environment = environment
        self.labels = labels
        self.diffIDs = diffIDs
    }

    /// Reads a configuration.
    public init(decoding bytes: ArraySlice<UInt8>, limits: JSONLimits = .standard) throws(OCIModelError) {
        let reader = try DocumentReader(bytes, as: "image configuration", limits: limits)
        platform = try Platform(reader)
        let settings = try reader.object("config")
        entrypoint = try settings?.strings("Entrypoint", limit: OCILimits.words) ?? []
        command = try settings?.strings("Cmd", limit: OCILimits.words) ?? []
        environment = try settings?.strings("Env", limit: OCILimits.words) ?? []
        labels = try settings?.stringMap("Labels", limit: OCILimits.annotations) ?? [:]
        let rootFileSystem = try reader.required("rootfs", reader.object("rootfs"))
        var diffIDs: [Digest] = []
        for text in try rootFileSystem.strings("diff_ids", limit: OCILimits.layers) {
            guard let digest = Digest(parsing: text) else {
                throw rootFileSystem.fault("diff_ids", "holds '\(text.prefix(128))', which is not a sha256 digest")
            }
            diffIDs.append(digest)
        }
        self.diffIDs = diffIDs
    }

    /// The configuration as JSON.
    public func encode() -> [UInt8] {
        func list(_ words: [String]) -> JSONValue? { words.isEmpty ? nil : .array(words.map(JSONValue.string)) }
        return JSONValue.object([
            "architecture": .string(platform.architecture), "os": .string(platform.os),
            "variant": platform.variant.isEmpty ? nil : .string(platform.variant),
            "config": .object([
                "Entrypoint": list(entrypoint), "Cmd": list(command), "Env": list(environment), "Labels": .map(labels),
            ]),
            "rootfs": .object([
                "type": .string("layers"), "diff_ids": .array(diffIDs.map { .string($0.description) }),
            ]),
        ]).encode()
    }
}

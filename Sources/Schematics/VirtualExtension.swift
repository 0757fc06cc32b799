import Digests

/// An extension that comes from no image: its manifest and files are made from the schematic.
public struct VirtualExtension: Hashable, Sendable {
    /// What the extension says of itself.
    public var manifest: ExtensionManifest
    /// What lies under `rootfs`, directories before what they hold.
    public var files: [File]

    /// A file or a directory.
    public struct File: Hashable, Sendable {
        /// Where it lies, relative to the root file system: "usr/local/share".
        public var path: String
        /// The permission bits.
        public var mode: UInt16
        /// The bytes of a file; nil for a directory.
        public var contents: [UInt8]?
        /// Extended attributes by name.
        public var extendedAttributes: [String: [UInt8]] = [:]
    }

    /// The extension by which a machine knows its schematic: `talosctl get extensions` and Omni look for its name, and
    /// Talos takes the factory's address from the parentheses in its author.
    ///
    /// - Parameters:
    ///   - externalURL: where machines reach this factory.
    ///   - includesText: whether the manifest carries the schematic's text, as from Talos 1.7 on.
    public static func schematic(_ schematic: Schematic, externalURL: String, includesText: Bool) -> VirtualExtension {
        let text = includesText ? String(decoding: schematic.canonicalText, as: UTF8.self) : ""
        return self.schematic(schematic.id, text: text, externalURL: externalURL)
    }

    /// The extension for a schematic's ID and, unless it is empty, text.
    static func schematic(_ id: SchematicID, text: String, externalURL: String) -> VirtualExtension {
        let manifest = ExtensionManifest(
            name: "schematic", version: id.description, author: "Image Factory (\(externalURL))",
            description: "Virtual extension which specifies the schematic of the image built with schematic.",
            talosVersions: ">= 1.0.0", extraInfo: text)
        var files = directories("usr", "local", "share", "schematic")
        files.append(File(path: "usr/local/share/schematic/\(id)", mode: 0o644, contents: []))
        return VirtualExtension(manifest: manifest, files: files)
    }

    /// The extension that holds a machine configuration, from Talos 1.12 on.
    public static func embeddedConfiguration(_ configuration: [UInt8]) -> VirtualExtension {
        let manifest = ExtensionManifest(
            name: "embedded-config", version: Digest.of(configuration).hexadecimal, author: "Imager",
            description: "Virtual extension which embeds the machine configuration.", talosVersions: ">= 1.0.0")
        var files = directories("usr", "local", "etc", "talos")
        files.append(
            File(
                path: "usr/local/etc/talos/config.yaml", mode: 0o400, contents: configuration,
                extendedAttributes: ["security.selinux": Array("system_u:object_r:system_state_t:s0".utf8)]))
        return VirtualExtension(manifest: manifest, files: files)
    }

    private static func directories(_ components: String...) -> [File] {
        components.indices.map { last in
            File(path: components[...last].joined(separator: "/"), mode: 0o755, contents: nil)
        }
    }
}

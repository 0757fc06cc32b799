import CanonicalYAML

/// The `manifest.yaml` of a system extension.
public struct ExtensionManifest: Hashable, Sendable {
    /// The version of the format; "v1alpha1" in what is decoded.
    public var formatVersion: String
    /// The extension's name, as "gvisor".
    public var name: String
    /// The extension's version.
    public var version: String
    /// Who made it.
    public var author: String
    /// What it does.
    public var description: String
    /// The Talos versions that it works with, as ">= v1.5.0"; empty for all.
    public var talosVersions: String
    /// Anything else; not written when empty.
    public var extraInfo: String

    /// The one version of the format.
    public static let formatVersion = "v1alpha1"

    /// A manifest.
    public init(
        formatVersion: String = Self.formatVersion, name: String, version: String, author: String, description: String,
        talosVersions: String = "", extraInfo: String = ""
    ) {
        self.formatVersion = formatVersion
        self.name = name
        self.version = version
        self.author = author
        self.description = description
        self.talosVersions = talosVersions
        self.extraInfo = extraInfo
    }

    /// How many bytes of text it has.
    public var textLength: UInt64 {
        [formatVersion, name, version, author, description, talosVersions, extraInfo].reduce(0) {
            $0 + UInt64($1.utf8.count)
        }
    }

    /// A manifest from the text in an extension's image. Fields that we do not know are passed over, as Talos does.
    public init(decoding text: [UInt8]) throws(ExtensionManifestError) {
        do {
            self = try decode(text, as: .record(.manifest), isStrict: false) { Self($0 ?? .mapping([])) }
        } catch {
            throw .undecodable(error)
        }
        guard formatVersion.utf8.elementsEqual(Self.formatVersion.utf8) else {
            throw .unsupportedVersion(formatVersion)
        }
    }

    private init(_ fields: YAMLValue) {
        let metadata = fields["metadata"] ?? .mapping([])
        self.init(
            formatVersion: fields.string("version"), name: metadata.string("name"),
            version: metadata.string("version"), author: metadata.string("author"),
            description: metadata.string("description"),
            talosVersions: metadata["compatibility"]?["talos"]?.string("version") ?? "",
            extraInfo: metadata.string("extraInfo"))
    }

    /// The text of `manifest.yaml`.
    public func encode() -> [UInt8] {
        emit(.mapping([.init(.text("version"), .text(formatVersion)), .init(.text("metadata"), metadata)]))
    }

    /// What the manifest says of its extension.
    var metadata: YAMLValue {
        let talos = YAMLValue.mapping([.init(.text("version"), .text(talosVersions))])
        var pairs: [YAMLValue.Pair] = [
            .init(.text("name"), .text(name)),
            .init(.text("version"), .text(version)),
            .init(.text("author"), .text(author)),
            .init(.text("description"), .text(description)),
            .init(.text("compatibility"), .mapping([.init(.text("talos"), talos)])),
        ]
        if !extraInfo.isEmpty { pairs.append(.init(.text("extraInfo"), .text(extraInfo))) }
        return .mapping(pairs)
    }
}

/// Why an extension's manifest cannot be used.
public enum ExtensionManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is no YAML, or its fields have other types.
    case undecodable(DecodingFailure)
    /// The manifest is of another version of the format.
    case unsupportedVersion(String)

    public var description: String {
        switch self {
        case .undecodable(let failure): "manifest.yaml cannot be read: \(failure)"
        case .unsupportedVersion(let version):
            "manifest.yaml has version \"\(version)\"; only \"\(ExtensionManifest.formatVersion)\" is supported"
        }
    }
}

extension RecordType {
    /// The struct of Talos' `pkg/machinery/extensions`.
    fileprivate static let manifest = RecordType(
        "extensions.Manifest", fields: [("version", .string), ("metadata", .record(metadata))])

    private static let metadata = RecordType(
        "extensions.Metadata",
        fields: [
            ("name", .string), ("version", .string), ("author", .string), ("description", .string),
            ("compatibility", .record(compatibility)), ("extraInfo", .string),
        ])

    private static let compatibility = RecordType("extensions.Compatibility", fields: [("talos", .record(constraint))])
    private static let constraint = RecordType("extensions.Constraint", fields: [("version", .string)])
}

/// The text of `extensions.yaml` in an initramfs, which tells Talos' init which images to mount, the last on top.
///
/// Unlike a manifest it is broken into lines of about 80 columns.
public func extensionsConfiguration(layers: [(image: String, manifest: ExtensionManifest)]) -> [UInt8] {
    let entries = layers.map { layer in
        YAMLValue.mapping([
            .init(.text("image"), .text(layer.image)), .init(.text("metadata"), layer.manifest.metadata),
        ])
    }
    return emit(.mapping([.init(.text("layers"), .sequence(entries))]), foldingAt: 80)
}

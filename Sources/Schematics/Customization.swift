import CanonicalYAML

/// The boot loader that images get.
public enum Bootloader: String, Hashable, Sendable, CaseIterable {
    /// What the Talos version has by default. Not written into the canonical text.
    case none
    /// GRUB for BIOS and systemd-boot for UEFI.
    case dualBoot = "dual-boot"
    /// systemd-boot.
    case systemdBoot = "sd-boot"
    /// GRUB.
    case grub
}

/// Board support from outside of Talos, as for a Raspberry Pi.
public struct Overlay: Hashable, Sendable {
    /// The image it comes in, as "siderolabs/sbc-raspberrypi".
    public var image: String
    /// Which of the image's overlays, as "rpi_generic".
    public var name: String
    /// Options for the overlay's installer, as YAML in canonical form; empty when there are none.
    public var options: [UInt8]

    /// An overlay.
    /// - Parameter options: a YAML mapping; empty for none.
    public init(image: String, name: String, options: [UInt8] = []) {
        self.image = image
        self.name = name
        self.options = options
    }

    init?(_ fields: YAMLValue?) {
        image = fields?.string("image") ?? ""
        name = fields?.string("name") ?? ""
        let pairs = fields?["options"]?.pairs ?? []
        // The options' text cannot be longer than the schematic's, which was measured before.
        options = pairs.isEmpty ? [] : emit(.mapping(pairs))
        if image.isEmpty && name.isEmpty && pairs.isEmpty { return nil }
    }
}

/// A value of the META partition.
public struct MetaValue: Hashable, Sendable {
    /// The tag.
    public var key: UInt8
    /// The value.
    public var value: String

    /// A value.
    public init(key: UInt8, value: String) {
        self.key = key
        self.value = value
    }

    init(_ fields: YAMLValue) {
        key = UInt8(truncatingIfNeeded: fields.unsigned("key"))
        value = fields.string("value")
    }

    var fields: YAMLValue {
        .mapping([.init(.text("key"), .uint(UInt64(key))), .init(.text("value"), .text(value))])
    }
}

/// SecureBoot settings of a schematic.
public struct SecureBoot: Hashable, Sendable {
    /// When an image enrols its keys: "off", "manual", "if-safe", "force"; any text is accepted, empty for the default.
    public var keyEnrollment: String
    /// Whether Microsoft's certificates are enrolled too.
    public var includesWellKnownCertificates: Bool

    /// Settings.
    public init(keyEnrollment: String = "", includesWellKnownCertificates: Bool = false) {
        self.keyEnrollment = keyEnrollment
        self.includesWellKnownCertificates = includesWellKnownCertificates
    }

    init(_ fields: YAMLValue?) {
        keyEnrollment = fields?.string("enrollKeys") ?? ""
        includesWellKnownCertificates = fields?["includeWellKnownCertificates"] == .bool(true)
    }

    var fields: YAMLValue {
        .mapping([
            .init(.text("enrollKeys"), .text(keyEnrollment)),
            .init(.text("includeWellKnownCertificates"), .bool(includesWellKnownCertificates)),
        ])
    }
}

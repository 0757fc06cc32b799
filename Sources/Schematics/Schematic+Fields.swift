import CanonicalYAML

extension RecordType {
    /// The struct of Image Factory's `pkg/schematic`. The names of its types appear in error texts.
    static let schematic = RecordType(
        "schematic.Schematic",
        fields: [("owner", .string), ("overlay", .record(overlay)), ("customization", .record(customization))])

    private static let overlay = RecordType(
        "schematic.Overlay", fields: [("image", .string), ("name", .string), ("options", .map)])

    private static let customization = RecordType(
        "schematic.Customization",
        fields: [
            ("embeddedMachineConfiguration", .string),
            ("extraKernelArgs", .list(of: .string)),
            ("meta", .list(of: .record(metaValue))),
            ("systemExtensions", .record(systemExtensions)),
            ("bootloader", .choice(bootloader)),
            ("secureboot", .record(secureBoot)),
            ("diskImage", .record(diskImage)),
        ])

    private static let metaValue = RecordType(
        "schematic.MetaValue", fields: [("key", .unsigned(bits: 8, type: "uint8")), ("value", .string)])

    private static let systemExtensions = RecordType(
        "schematic.SystemExtensions", fields: [("officialExtensions", .list(of: .string))])

    private static let bootloader = Choice("imageropts.BootloaderKind", words: Bootloader.allCases.map(\.rawValue))

    private static let secureBoot = RecordType(
        "schematic.SecureBootCustomization",
        fields: [("enrollKeys", .string), ("includeWellKnownCertificates", .bool)])

    private static let diskImage = RecordType(
        "schematic.DiskImageCustomization", fields: [("sectorSize", .unsigned(bits: 64, type: "uint"))])
}

extension YAMLValue {
    /// What is printed of a schematic's fields: those that say something, in the order of the struct.
    var canonicalSchematic: YAMLValue {
        var pairs: [Pair] = []
        let owner = self["owner"] ?? .text("")
        if owner != .text("") { pairs.append(Pair(.text("owner"), owner)) }
        if let overlay = self["overlay"], let printed = overlay.canonicalOverlay {
            pairs.append(Pair(.text("overlay"), printed))
        }
        let customization = self["customization"] ?? .mapping([])
        pairs.append(Pair(.text("customization"), customization.canonicalCustomization))
        return .mapping(pairs)
    }

    private var canonicalOverlay: YAMLValue? {
        let (image, name) = (self["image"] ?? .text(""), self["name"] ?? .text(""))
        let options = self["options"]?.pairs ?? []
        guard image != .text("") || name != .text("") || !options.isEmpty else { return nil }
        var pairs = [Pair(.text("image"), image), Pair(.text("name"), name)]
        if !options.isEmpty { pairs.append(Pair(.text("options"), .mapping(options))) }
        return .mapping(pairs)
    }

    private var canonicalCustomization: YAMLValue {
        .mapping(
            pairs.compactMap { pair in
                let value: YAMLValue
                switch pair.key {
                case .text("bootloader") where pair.value == .text(Bootloader.none.rawValue): return nil
                case .text("meta"): value = .sequence(pair.value.elements.map(\.canonicalMeta))
                case .text("systemExtensions"), .text("secureboot"), .text("diskImage"):
                    value = .mapping(pair.value.pairs.filter { !$0.value.isZero })
                default: value = pair.value
                }
                return value.isZero ? nil : Pair(pair.key, value)
            })
    }

    private var canonicalMeta: YAMLValue {
        let value = self["value"] ?? .text("")
        return .mapping([Pair(.text("key"), .uint(unsigned("key"))), Pair(.text("value"), value)])
    }

    /// Whether Go leaves the value out (`omitempty`).
    private var isZero: Bool {
        switch self {
        case .string(let bytes): bytes.isEmpty
        case .uint(let number): number == 0
        case .bool(let flag): !flag
        case .sequence(let elements): elements.isEmpty
        case .mapping(let pairs): pairs.isEmpty
        default: false
        }
    }

    /// A field's text, empty when it is not set.
    func string(_ field: String) -> String { String(decoding: self[field]?.bytes ?? [], as: UTF8.self) }

    /// A list's texts.
    func strings(_ field: String) -> [String] {
        (self[field]?.elements ?? []).map { String(decoding: $0.bytes ?? [], as: UTF8.self) }
    }

    /// A number, 0 when it is not set.
    func unsigned(_ field: String) -> UInt64 { if case .uint(let number)? = self[field] { number } else { 0 } }
}

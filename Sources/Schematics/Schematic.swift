import CanonicalYAML
import Digests

/// What an image is to be made of: extensions, kernel arguments, an overlay.
///
/// A schematic is known by its ID, the hash of its canonical text, and two are equal when their IDs are. The fields are what
/// that text says; text that is not UTF-8, which YAML can carry as `!!binary`, is in them with U+FFFD.
public struct Schematic: Hashable, Sendable {
    /// The hash of the canonical text.
    public let id: SchematicID
    /// The schematic as Image Factory stores it: YAML that ends with a line feed.
    ///
    /// Not every such text can be read again: go-yaml prints some values of several lines so that it misreads them itself.
    public let canonicalText: [UInt8]
    /// What the schematic was decoded from; the canonical text if it was made of parts.
    public let source: [UInt8]

    /// The account that the schematic belongs to; empty for none.
    public let owner: String
    /// The board support that images are made with.
    public let overlay: Overlay?
    /// A machine configuration to put into images, from Talos 1.12 on; empty for none.
    public let embeddedMachineConfiguration: [UInt8]
    /// Arguments for the kernel command line, after Talos' own.
    public let extraKernelArguments: [String]
    /// Values for the META partition.
    public let meta: [MetaValue]
    /// Extensions by name, as "siderolabs/gvisor", in the order in which they are installed.
    public let officialExtensions: [String]
    /// The boot loader to install.
    public let bootloader: Bootloader
    /// SecureBoot settings.
    public let secureBoot: SecureBoot
    /// Bytes of a sector of disk images; 0 for the default.
    public let diskSectorSize: UInt64

    /// The longest canonical text that is made of a body of so many bytes: twice as long, but 1 MiB at least and 16 MiB at
    /// most, which is what a store takes. Indentation lengthens the text by the square of its depth: without a limit 40 KB
    /// could fill a store with 200 MB.
    public static func maximumCanonicalSize(forBodyOf size: Int) -> Int {
        min(max(1 << 20, min(size, 16 << 20) * 2), 16 << 20)
    }

    /// A schematic from YAML or JSON as a client sends it.
    ///
    /// - Parameters:
    ///   - permitsOwner: whether the schematic may name an owner.
    ///   - start: the place of the first byte, where the body is a part of another text. Errors count from there.
    /// - Throws: Image Factory's error, word for word.
    public init(decoding body: [UInt8], permitsOwner: Bool = false, startingAt start: Position = .start)
        throws(SchematicError)
    {
        let result: Result<Schematic, SchematicError>
        let limit = Self.maximumCanonicalSize(forBodyOf: body.count)
        // A part of another text means the same by itself when its first line keeps its column.
        let column = max(0, start.column - Position.start.column)
        let source = column > 0 ? Array(repeating: UInt8(ascii: " "), count: column) + body : body
        do {
            // What aliases stand for is printed, or refused, or overridden; so it need not be longer than what is printed.
            let limits = LoadLimits(maximumNodes: LoadLimits.standard.maximumNodes, maximumExpansion: limit)
            result = try decode(body, as: .record(.schematic), limits: limits, startingAt: start) {
                value -> Result<Schematic, SchematicError> in
                do throws(SchematicError) {
                    return .success(try Schematic(value ?? .mapping([]), source: source, limit: limit))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw .undecodable(error)
        }
        self = try result.get()
        if !permitsOwner && !owner.isEmpty { throw .ownerNotSupported }
    }

    /// A schematic of these parts, as a form gathers them. Parts that say nothing are left out of the text.
    ///
    /// - Throws: if the overlay's options are not a YAML mapping.
    public init(
        overlay: Overlay? = nil, embeddedMachineConfiguration: [UInt8] = [], extraKernelArguments: [String] = [],
        meta: [MetaValue] = [], officialExtensions: [String] = [], bootloader: Bootloader = .none,
        secureBoot: SecureBoot = SecureBoot(), diskSectorSize: UInt64 = 0
    ) throws(SchematicError) {
        let customization = YAMLValue.mapping([
            .init(.text("embeddedMachineConfiguration"), .string(embeddedMachineConfiguration)),
            .init(.text("extraKernelArgs"), .sequence(extraKernelArguments.map(YAMLValue.text))),
            .init(.text("meta"), .sequence(meta.map(\.fields))),
            .init(
                .text("systemExtensions"),
                .mapping([.init(.text("officialExtensions"), .sequence(officialExtensions.map(YAMLValue.text)))])),
            .init(.text("bootloader"), .text(bootloader.rawValue)),
            .init(.text("secureboot"), secureBoot.fields),
            .init(.text("diskImage"), .mapping([.init(.text("sectorSize"), .uint(diskSectorSize))])),
        ])
        let options = overlay?.options ?? []
        let result: Result<Schematic, SchematicError>
        do {
            result = try decode(options.isEmpty ? Array("{}".utf8) : options, as: .map) { options in
                let overlay = YAMLValue.mapping([
                    .init(.text("image"), .text(overlay?.image ?? "")),
                    .init(.text("name"), .text(overlay?.name ?? "")),
                    .init(.text("options"), options ?? .mapping([])),
                ])
                let fields = YAMLValue.mapping([
                    .init(.text("overlay"), overlay), .init(.text("customization"), customization),
                ])
                do throws(SchematicError) { return .success(try Schematic(fields, source: nil, limit: 16 << 20)) } catch
                {
                    return .failure(error)
                }
            }
        } catch {
            throw .undecodable(error)
        }
        self = try result.get()
    }

    /// A schematic from decoded fields.
    private init(_ fields: YAMLValue, source: [UInt8]?, limit: Int) throws(SchematicError) {
        guard let text = emit(fields.canonicalSchematic, sizeLimit: limit) else { throw .tooLarge(limit: limit) }
        canonicalText = text
        self.source = source ?? text
        id = SchematicID(.of(text))
        owner = fields.string("owner")
        overlay = Overlay(fields["overlay"])
        let customization = fields["customization"] ?? .mapping([])
        embeddedMachineConfiguration = customization["embeddedMachineConfiguration"]?.bytes ?? []
        extraKernelArguments = customization.strings("extraKernelArgs")
        meta = (customization["meta"]?.elements ?? []).map(MetaValue.init)
        officialExtensions = customization["systemExtensions"]?.strings("officialExtensions") ?? []
        bootloader = Bootloader(rawValue: customization.string("bootloader")) ?? .none
        secureBoot = SecureBoot(customization["secureboot"])
        diskSectorSize = customization["diskImage"]?.unsigned("sectorSize") ?? 0
    }

    public static func == (left: Schematic, right: Schematic) -> Bool { left.id == right.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension Schematic: CustomStringConvertible {
    /// The canonical text.
    public var description: String { String(decoding: canonicalText, as: UTF8.self) }
}

/// A decoder of hostile bytes, and what must be true of whatever it accepts. A fault is a trap, which ends the process, or a
/// run without end.
public enum FuzzTarget: String, CaseIterable, Sendable {
    // From the network.
    case dhcp, frame, capture, tftp, transfer, addresses
    // From requests.
    case schematic, assetPath = "asset-path", version, ranges, conditions
    // From files and registries.
    case yaml, machines, settings, json, oci, reference, tar, cpio, extensionManifest = "extension-manifest"
    // What is made of such values.
    case script, commandLine = "command-line", meta

    /// Decodes an input. Errors are good answers.
    public func run(_ bytes: [UInt8]) {
        switch self {
        case .dhcp: Self.dhcp(bytes)
        case .frame: Self.frame(bytes)
        case .capture: Self.capture(bytes)
        case .tftp: Self.tftp(bytes)
        case .transfer: Self.transfer(bytes)
        case .addresses: Self.addresses(bytes)
        case .schematic: Self.schematic(bytes)
        case .assetPath: Self.assetPath(bytes)
        case .version: Self.version(bytes)
        case .ranges: Self.ranges(bytes)
        case .conditions: Self.conditions(bytes)
        case .yaml: Self.yaml(bytes)
        case .machines: Self.machines(bytes)
        case .settings: Self.settings(bytes)
        case .json: Self.json(bytes)
        case .oci: Self.oci(bytes)
        case .reference: Self.reference(bytes)
        case .tar: Self.tar(bytes)
        case .cpio: Self.cpio(bytes)
        case .extensionManifest: Self.extensionManifest(bytes)
        case .script: Self.script(bytes)
        case .commandLine: Self.commandLine(bytes)
        case .meta: Self.meta(bytes)
        }
    }

    /// Ends the process unless something is true, in optimised builds too.
    static func require(_ isTrue: Bool, _ what: String) {
        if !isTrue { fatalError("fuzzing found that not always \(what)") }
    }

    /// Gives the bytes as an offset slice, because a decoder that subscripts from zero is right only by luck.
    static func shifted(_ bytes: [UInt8]) -> ArraySlice<UInt8> { ([0xAA, 0xBB] + bytes)[2...] }

    /// The parts of an input that are separated by zero bytes, as text; as many as asked for.
    static func texts(_ bytes: [UInt8], _ count: Int) -> [String] {
        let parts = bytes.split(separator: 0, maxSplits: count - 1, omittingEmptySubsequences: false)
        return (0..<count).map { $0 < parts.count ? String(decoding: parts[$0], as: UTF8.self) : "" }
    }
}

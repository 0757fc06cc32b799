import NetworkTypes

/// What a booted machine said about itself: the facts that the test release's init prints.
public struct BootFacts: Sendable {
    /// A layer of `/extensions.yaml`.
    public struct Layer: Hashable, Sendable {
        /// The squashfs' file name.
        public let image: String
        /// The extension's name.
        public let name: String
        /// The extension's version.
        public let version: String
    }

    /// Each fact's name and value, in the order printed.
    public let facts: [(name: String, value: String)]
    /// Everything on the serial line.
    public let serial: String
    /// From power on to the last fact.
    public let duration: Duration

    init(serial: String, duration: Duration) {
        self.serial = serial
        self.duration = duration
        facts = serial.split(separator: "\n").compactMap { line in
            // A console's escape sequence may stand before the first.
            guard let start = line.firstRange(of: "SLIPWAY-") else { return nil }
            let words = line[start.upperBound...].split(separator: " ", maxSplits: 1)
            guard let name = words.first else { return nil }
            return (String(name), words.count > 1 ? String(words[1]) : "")
        }
    }

    /// The values of the facts with a name.
    public func values(_ name: String) -> [String] { facts.filter { $0.name == name }.map(\.value) }

    /// The kernel's command line, in words.
    public var commandLine: [String] { values("CMDLINE").first?.split(separator: " ").map(String.init) ?? [] }
    /// The Talos version in the base's os-release.
    public var release: String? { values("RELEASE").first }
    /// "bios" or "uefi".
    public var firmwareInterface: String? { values("FIRMWARE-INTERFACE").first }
    /// The machine's network interfaces' addresses.
    public var addresses: [MACAddress] {
        values("MAC").compactMap { $0.split(separator: " ").last }.compactMap { MACAddress(parsing: $0) }
    }
    /// The layers in the order of `/extensions.yaml`.
    public var layers: [Layer] {
        values("LAYER").map { value in
            let words = value.split(separator: " ", maxSplits: 2).map(String.init) + ["", "", ""]
            return Layer(image: words[0], name: words[1], version: words[2])
        }
    }
    /// The first lines of files in layers, by path.
    public var files: [String: String] {
        var files: [String: String] = [:]
        for value in values("FILE") {
            let words = value.split(separator: " ", maxSplits: 2).map(String.init)
            if words.count > 1 { files[words[1]] = words.count > 2 ? words[2] : "" }
        }
        return files
    }
    /// The modules that were loaded by name, through `modules.dep`.
    public var modules: Set<String> {
        Set(values("MODULE").compactMap { $0.split(separator: " ").first.map(String.init) })
    }
    /// The firmware files in the assembled root.
    public var firmware: Set<String> {
        Set(values("FIRMWARE").compactMap { $0.split(separator: " ").first.map(String.init) })
    }
    /// The microcode files of the early archive.
    public var microcode: Set<String> {
        Set(values("MICROCODE").compactMap { $0.split(separator: " ").first.map(String.init) })
    }
    /// The ID that the virtual extension names.
    public var schematic: String? { values("SCHEMATIC").first }
    /// What went wrong on the machine.
    public var failures: [String] {
        facts.filter { $0.name.hasSuffix("FAILED") }.map { "\($0.name) \($0.value)" }
    }
}

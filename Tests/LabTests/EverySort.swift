import LabSupport
import TalosModel
import Testing

/// The schematic with an extension of every sort, and what it must have become on a machine.
enum EverySort {
    /// The schematic's text.
    static let schematic = """
        customization:
          extraKernelArgs:
            - lab.schematic=every-sort
          systemExtensions:
            officialExtensions:
              - siderolabs/hello-world
              - siderolabs/firmware-test
              - siderolabs/vxlan-modules
              - siderolabs/bonding-modules
              - siderolabs/tls-modules
              - siderolabs/intel-ucode
              - siderolabs/amd-ucode

        """

    /// Requires that layers, files, modules, firmware and microcode are all there.
    ///
    /// - Parameters:
    ///   - id: the schematic's ID.
    static func require(_ facts: BootFacts, version: TalosVersion, id: String) throws {
        try #require(facts.failures == [])
        try #require(facts.release == version.tag)
        try #require(facts.schematic == id)
        try #require(
            facts.layers.map(\.name) == [
                "hello-world", "firmware-test", "vxlan-modules", "bonding-modules", "tls-modules", "intel-ucode",
                "amd-ucode", "schematic", "modules.dep",
            ])
        try #require(facts.layers.map(\.image) == (0..<8).map { "\($0).sqsh" } + ["modules.dep.sqsh"])
        try #require(facts.layers.first?.version == "v1.0.0")
        try #require(facts.layers.first { $0.name == "schematic" }?.version == id)
        let library = version.isAtLeast(1, 10) ? "usr/lib" : "lib"
        for (path, line) in [
            ("usr/local/share/hello-world/marker", "hello from the hello-world extension"),
            ("usr/local/share/firmware-test/marker", "firmware for \(library)"),
            ("usr/local/share/vxlan-modules/modules", "vxlan"), ("usr/local/share/bonding-modules/modules", "bonding"),
            ("usr/local/share/tls-modules/modules", "tls"),
            ("usr/local/share/intel-ucode/marker", "microcode for Intel"),
            ("usr/local/share/amd-ucode/marker", "microcode for AMD"), ("usr/local/share/schematic/\(id)", ""),
        ] {
            try #require(facts.files[path] == line)
        }
        // vxlan needs modules of the base, bonding one of another extension: only a merged modules.dep knows.
        try #require(facts.modules == ["vxlan", "bonding", "tls"])
        try #require(
            facts.firmware == [
                "\(library)/firmware/slipway-test/radio.bin", "\(library)/firmware/slipway-test/default.bin",
                "\(library)/firmware/slipway-test/revision-2/radio.bin", "\(library)/firmware/amd-ucode/README",
            ])
        try #require(facts.microcode == ["GenuineIntel.bin", "AuthenticAMD.bin"])
    }
}

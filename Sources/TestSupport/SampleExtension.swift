import Foundation
import TalosModel

/// An extension of the test release: what its image holds, for a given Talos version and kernel.
struct SampleExtension: Sendable {
    /// The repository's last part, `hello-world` for `siderolabs/hello-world`.
    let name: String
    /// Whose extension the manifest says it is.
    let author = "Slipway test material"
    /// The manifest's description.
    let description: String
    /// How the version in tag and manifest is made.
    let versioning: Versioning
    /// Puts the files into the extension's root file system.
    let fill: @Sendable (_ root: FileTree, _ surroundings: Surroundings) throws -> Void

    /// What an extension's content may depend on.
    struct Surroundings: Sendable {
        /// The Talos version that the extension is for.
        let version: TalosVersion
        /// Its kernel.
        let kernel: DebianKernel

        /// The folder of firmware and modules: `usr/lib` from 1.10 on, `lib` before.
        var library: String { version.isAtLeast(1, 10) ? "usr/lib" : "lib" }
    }

    /// What an extension's version changes with.
    enum Versioning: Sendable {
        /// The same content for every Talos version.
        case fixed(String)
        /// Another content where the folders move, at Talos 1.10.
        case byLayout(before: String, from: String)
        /// Built for one kernel and one Talos version.
        case byKernel
    }

    /// The tag, which is also the manifest's version.
    func tag(in surroundings: Surroundings) -> String {
        switch versioning {
        case .fixed(let version): version
        case .byLayout(let before, let from): surroundings.version.isAtLeast(1, 10) ? from : before
        case .byKernel:
            "\(surroundings.kernel.release.split(separator: "-").first ?? "0")-\(surroundings.version.tag)"
        }
    }

    /// The range of Talos versions that the manifest names.
    func compatibility(in surroundings: Surroundings) -> String {
        switch versioning {
        case .fixed: ">= v1.5.0"
        case .byLayout: surroundings.version.isAtLeast(1, 10) ? ">= v1.10.0" : ">= v1.5.0"
        case .byKernel: ">= \(surroundings.version.tag)"
        }
    }

    /// The text of `manifest.yaml`.
    func manifest(in surroundings: Surroundings) -> String {
        """
        version: v1alpha1
        metadata:
          name: \(name)
          version: \(tag(in: surroundings))
          author: \(author)
          description: |
            \(description)
          compatibility:
            talos:
              version: "\(compatibility(in: surroundings))"

        """
    }
}

extension SampleExtension {
    /// The extensions of each release, in the order of its catalog.
    static let standard: [SampleExtension] = [
        SampleExtension(
            name: "hello-world", description: "Two plain files, to see that a layer is there.",
            versioning: .fixed("v1.0.0")
        ) { root, _ in
            try root.write("usr/local/share/hello-world/marker", "hello from the hello-world extension\n")
            try root.write("usr/local/bin/hello-world", "#!/bin/sh\necho hello, world\n", mode: 0o755)
        },
        SampleExtension(
            name: "field-notes", description: "Plain files, a link and an empty folder.", versioning: .fixed("v2.3.1")
        ) { root, _ in
            try root.write("usr/local/share/field-notes/marker", "field notes, first line\nsecond line\n")
            try root.write("usr/local/etc/field-notes/settings", "verbose = no\n", mode: 0o600)
            try root.link("usr/local/share/field-notes/latest", to: "marker")
            try root.makeFolder("usr/local/share/field-notes/empty")
        },
        SampleExtension(
            name: "firmware-test", description: "Device firmware: files, a folder and a link.",
            versioning: .byLayout(before: "20240115", from: "20250211")
        ) { root, surroundings in
            let folder = "\(surroundings.library)/firmware/slipway-test"
            var random = DeterministicBytes(seed: 77)
            try root.write("\(folder)/radio.bin", random.program(40_000))
            try root.write("\(folder)/revision-2/radio.bin", random.program(24_000))
            try root.link("\(folder)/default.bin", to: "revision-2/radio.bin")
            try root.write("usr/local/share/firmware-test/marker", "firmware for \(surroundings.library)\n")
        },
        SampleExtension(
            name: "vxlan-modules", description: "A kernel module that needs modules of the base.", versioning: .byKernel
        ) { root, surroundings in
            try root.add(modules: ["vxlan"], loading: ["vxlan"], for: "vxlan-modules", in: surroundings)
        },
        SampleExtension(
            name: "tls-modules", description: "A kernel module that needs nothing.", versioning: .byKernel
        ) { root, surroundings in
            try root.add(modules: ["tls"], loading: ["tls"], for: "tls-modules", in: surroundings)
        },
        SampleExtension(
            name: "bonding-modules", description: "A kernel module that needs the module of tls-modules.",
            versioning: .byKernel
        ) { root, surroundings in
            try root.add(modules: ["bonding"], loading: ["bonding"], for: "bonding-modules", in: surroundings)
        },
        SampleExtension(
            name: "intel-ucode", description: "Microcode of an Intel processor that never was.",
            versioning: .byLayout(before: "20240813", from: "20250211")
        ) { root, surroundings in
            for signature in [UInt32(0x000f_0001), 0x000f_0002] {
                let name = "0f-00-0\(signature & 15)"
                let bytes = Microcode.intel(signature: signature)
                try root.write("\(surroundings.library)/firmware/intel-ucode/\(name)", bytes)
            }
            try root.write("usr/local/share/intel-ucode/marker", "microcode for Intel\n")
        },
        SampleExtension(
            name: "amd-ucode", description: "Microcode of an AMD processor that never was.",
            versioning: .byLayout(before: "20240115", from: "20250211")
        ) { root, surroundings in
            let folder = "\(surroundings.library)/firmware/amd-ucode"
            try root.write("\(folder)/microcode_amd_fam99h.bin", Microcode.amd(family: 0x99))
            try root.write("\(folder)/README", "This stays among the firmware: only microcode_amd*.bin is microcode.\n")
            try root.write("usr/local/share/amd-ucode/marker", "microcode for AMD\n")
        },
    ]

    /// Three of about 20 MB each, half of it compressible, for measurements.
    static let benchmark: [SampleExtension] = ["bench-one", "bench-two", "bench-three"].enumerated().map {
        number, name in
        SampleExtension(
            name: name, description: "Twenty megabytes, for measurements.", versioning: .fixed("v1.0.0")
        ) { root, _ in
            var random = DeterministicBytes(seed: 1000 + UInt64(number))
            for file in 0..<10 {
                try root.write("usr/local/lib/\(name)/program-\(file)", random.program(2 << 20), mode: 0o755)
            }
            try root.write("usr/local/share/\(name)/marker", "\(name) is here\n")
        }
    }
}

extension FileTree {
    /// Puts kernel modules in, and the list of those that the release's init is to load.
    fileprivate func add(
        modules: [String], loading wanted: [String], for name: String, in surroundings: SampleExtension.Surroundings
    ) throws {
        let kernel = surroundings.kernel
        for module in modules {
            let path = try kernel.path(of: module)
            try copy(
                "\(kernel.modulesFolder)/\(path)", to: "\(surroundings.library)/modules/\(kernel.release)/\(path)")
        }
        try write("usr/local/share/\(name)/modules", wanted.map { "\($0)\n" }.joined())
    }
}

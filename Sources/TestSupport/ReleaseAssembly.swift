import Digests
import Foundation
import TalosModel

/// Puts the images of each version into one layout: imager, installer, extensions and their catalog, overlays and theirs.
struct ReleaseAssembly {
    private static let registry = "ghcr.io/siderolabs"

    private var layout: OCILayoutWriter
    private let scratch: String
    private let systems: [BaseSystem]
    private let key: String
    /// Extensions that several versions share are made once; reference with digest, by reference.
    private var published: [String: Digest] = [:]

    init(folder: String, scratch: String, packers: Packers, systems: [BaseSystem], key: String) throws {
        layout = try OCILayoutWriter(folder: folder, packers: packers)
        self.scratch = scratch
        self.systems = systems
        self.key = key
    }

    /// Adds a version's images.
    mutating func add(
        _ version: TalosVersion, extensions: [SampleExtension], progress: (String) -> Void
    ) throws {
        progress("\(version.tag): base")
        let install = try addImager(version)
        progress("\(version.tag): installer")
        try addInstaller(version, install: install)
        var lines: [(line: String, extension: SampleExtension)] = []
        for sample in extensions {
            progress("\(version.tag): \(sample.name)")
            lines.append((try add(sample, version: version), sample))
        }
        progress("\(version.tag): catalogs")
        try addExtensionsCatalog(version, lines)
        if version.isAtLeast(1, 7) { try addOverlays(version) }
    }

    /// Completes the layout.
    func finish() throws { try layout.finish() }

    /// Two layers, of which the second takes away a file of the first, as images flattened from a build do.
    private mutating func addImager(_ version: TalosVersion) throws -> OCILayoutWriter.Layer {
        let tools = try inScratch { tree in
            try tree.write("etc/modules.d/10-extra-modules.conf", "search extras built-in\n")
            try tree.write("bin/imager", "#!/bin/sh\necho 'this is a stand-in' >&2\nexit 1\n", mode: 0o755)
            try tree.write("usr/install/leftover", "the next layer removes this\n")
            return try layout.layer(of: tree)
        }
        let install = try inScratch { tree in
            for system in systems { try system.install(into: tree, version: version, key: key) }
            try tree.write("usr/install/.wh.leftover", "")
            return try layout.layer(of: tree)
        }
        let images = try systems.map { system in
            let architecture = system.packages.architecture
            return (
                architecture: architecture,
                image: try layout.image(
                    [tools, install], architecture: architecture,
                    configuration: .init(entrypoint: ["/bin/imager"], labels: ["alpha.talos.dev/version": version.tag]))
            )
        }
        _ = try layout.publish(images, as: "\(Self.registry)/imager:\(version.tag)")
        return install
    }

    /// One squashed layer from 1.10 on; before, a second one with the boot files.
    private mutating func addInstaller(_ version: TalosVersion, install: OCILayoutWriter.Layer) throws {
        let name = version.isAtLeast(1, 10) ? "installer-base" : "installer"
        let root = try inScratch { tree in
            try tree.write("bin/installer", "#!/bin/sh\necho 'this is a stand-in' >&2\nexit 1\n", mode: 0o755)
            try tree.write("etc/os-release", "NAME=\"Talos\"\nID=talos\nVERSION_ID=\(version.tag)\n")
            return try layout.layer(of: tree)
        }
        let layers = version.isAtLeast(1, 10) ? [root] : [root, install]
        let images = try systems.map { system in
            let architecture = system.packages.architecture
            return (
                architecture: architecture,
                image: try layout.image(
                    layers, architecture: architecture,
                    configuration: .init(
                        entrypoint: ["/bin/installer"],
                        environment: ["TARGETARCH=\(architecture)", "VERSION=\(version.tag)"],
                        labels: [
                            "alpha.talos.dev/version": version.tag,
                            "org.opencontainers.image.source": "https://github.com/siderolabs/talos",
                        ]))
            )
        }
        _ = try layout.publish(images, as: "\(Self.registry)/\(name):\(version.tag)")
    }

    /// Publishes an extension's image and returns its line for the catalog.
    private mutating func add(_ sample: SampleExtension, version: TalosVersion) throws -> String {
        var images: [(architecture: Architecture, image: OCILayoutWriter.Blob)] = []
        var reference = ""
        for system in systems {
            let surroundings = SampleExtension.Surroundings(version: version, kernel: system.packages.kernel)
            reference = "\(Self.registry)/\(sample.name):\(sample.tag(in: surroundings))"
            if let digest = published[reference] { return "\(reference)@\(digest)" }
            let layer = try inScratch { tree in
                try tree.write("manifest.yaml", sample.manifest(in: surroundings))
                try sample.fill(try FileTree(at: "\(tree.root)/rootfs"), surroundings)
                return try layout.layer(of: tree)
            }
            let architecture = system.packages.architecture
            images.append((architecture, try layout.image([layer], architecture: architecture)))
        }
        let digest = try layout.publish(images, as: reference)
        published[reference] = digest
        return "\(reference)@\(digest)"
    }

    /// `image-digests` and `descriptions.yaml`, a layer each, under Docker's media types.
    private mutating func addExtensionsCatalog(
        _ version: TalosVersion, _ lines: [(line: String, extension: SampleExtension)]
    ) throws {
        let digests = try inScratch { tree in
            try tree.write("image-digests", lines.map { "\($0.line)\n" }.joined())
            return try layout.layer(of: tree)
        }
        let descriptions = try inScratch { tree in
            let text = lines.map { line, sample in
                """
                \(line):
                  author: \(sample.author)
                  description: |
                    \(sample.description)

                """
            }
            try tree.write("descriptions.yaml", text.joined())
            return try layout.layer(of: tree)
        }
        let image = try layout.image([digests, descriptions], architecture: .amd64, types: .docker)
        _ = layout.publish(image, as: "\(Self.registry)/extensions:\(version.tag)", types: .docker)
    }

    /// An overlay for a board, and the catalog that names it.
    private mutating func addOverlays(_ version: TalosVersion) throws {
        let reference = "\(Self.registry)/sbc-slipway-test:v0.1.0"
        if published[reference] == nil {
            let layer = try inScratch { tree in
                try tree.write("artifacts/arm64/slipway-test/firmware.bin", Array("board firmware\n".utf8))
                try tree.write(
                    "installers/slipway_board",
                    "#!/bin/sh\n[ \"$1\" = get-options ] && printf 'name: slipway_board\\nkernelArgs:\\n  - console=ttyAMA0,115200\\n'\n",
                    mode: 0o755)
                try tree.write(
                    "profiles/slipway_board.yaml",
                    "platform: metal\noutput:\n  kind: image\n  imageOptions:\n    bootloader: grub\n")
                return try layout.layer(of: tree)
            }
            let images = try systems.map { system in
                let architecture = system.packages.architecture
                return (architecture: architecture, image: try layout.image([layer], architecture: architecture))
            }
            published[reference] = try layout.publish(images, as: reference)
        }
        guard let digest = published[reference] else { return }
        let catalog = try inScratch { tree in
            try tree.write(
                "overlays.yaml",
                """
                overlays:
                  - name: slipway_board
                    image: \(reference)
                    digest: \(digest)

                """)
            return try layout.layer(of: tree)
        }
        let image = try layout.image([catalog], architecture: .amd64, types: .docker)
        _ = layout.publish(image, as: "\(Self.registry)/overlays:\(version.tag)", types: .docker)
    }

    private func inScratch<Result>(_ body: (FileTree) throws -> Result) throws -> Result {
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        return try body(try FileTree(at: scratch))
    }
}

import Digests
import OCIModel

/// A Talos release that can be served: boot files that no two reads can be confused in, and extensions that can be built.
/// Its boot files are noise, so nothing of it can boot.
public struct MiniatureRelease: Sendable {
    /// The release's tag.
    public let tag: String
    /// The kernel for amd64.
    public let kernel: [UInt8]
    /// The release's own initramfs for amd64.
    public let initramfs: [UInt8]
    /// The release as it is imported.
    public var layout = OCILayout()

    /// A release with extensions `siderolabs/<name>` that can be built, and some that only the build finds out to be none.
    ///
    /// - Parameter size: How many bytes the kernel has; the initramfs has twice as many, and an extension as many.
    public init(
        tag: String = "v1.13.5", extensions: [String] = ["gvisor", "tailscale"], hostile: [String] = ["trojan"],
        size: Int = 300_000
    ) throws {
        self.tag = tag
        kernel = Self.noise(size + 1, seed: 1)
        initramfs = Self.noise(size * 2 + 3, seed: 2)
        var members = [folder("usr"), folder("usr/install")]
        for (architecture, seed) in [("amd64", UInt64(1)), ("arm64", 11)] {
            let path = "usr/install/\(architecture)"
            members += [
                folder(path), file("\(path)/vmlinuz", Self.noise(size + 1, seed: seed)),
                file("\(path)/initramfs.xz", Self.noise(size * 2 + 3, seed: seed + 1)),
            ]
        }
        let imager = ImageContent(
            [members], entrypoint: ["/bin/imager"], labels: ["alpha.talos.dev/version": tag], compression: nil)
        layout.list(try layout.add(imager), as: "ghcr.io/siderolabs/imager:\(tag)")

        var lines = ""
        var descriptions = ""
        for (index, name) in (extensions + hostile).enumerated() {
            var images = [ImageContent.systemExtension(name), .systemExtension(name, platform: ImageContent.arm64)]
            for image in images.indices {
                images[image].layers.append([
                    folder("rootfs"), folder("rootfs/usr"), folder("rootfs/usr/local"),
                    file("rootfs/usr/local/\(name).data", Self.noise(size, seed: UInt64(100 + index))),
                ])
                if hostile.contains(name) {
                    // Firmware is a folder that builds look into; a file in its place is refused by them.
                    images[image].layers.append([
                        folder("rootfs/usr/lib"), file("rootfs/usr/lib/firmware", "no folder"),
                    ])
                }
            }
            let descriptor = try layout.add(images)
            let reference = "ghcr.io/siderolabs/\(name):1.0.0"
            layout.list(descriptor, as: reference)
            lines += "\(reference)@\(descriptor.digest)\n"
            descriptions +=
                "\(reference)@\(descriptor.digest):\n  author: Nobody\n  description: |\n    <\(name)> & more\n"
        }
        layout.list(
            try layout.add(.extensionCatalog(imageDigests: lines, descriptions: descriptions)),
            as: "ghcr.io/siderolabs/extensions:\(tag)")
        let board = try layout.add([
            .overlay("rpi_generic"), .overlay("rpi_generic", platform: ImageContent.arm64),
        ])
        layout.list(board)
        layout.list(
            try layout.add(
                .overlayCatalog(
                    "overlays:\n  - name: rpi_generic\n    image: ghcr.io/siderolabs/sbc-raspberrypi:v0.2.0\n"
                        + "    digest: \(board.digest)\n")), as: "ghcr.io/siderolabs/overlays:\(tag)")
    }

    /// Bytes that do not compress and look the same nowhere (SplitMix64).
    public static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            word ^= word >> 31
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return Array(bytes.prefix(count))
    }
}

import OCIModel

/// The images of a Talos release in miniature: the right names in the right places, with a line of text in each.
extension ImageContent {
    /// linux/amd64.
    public static let amd64 = Platform(os: "linux", architecture: "amd64")
    /// linux/arm64.
    public static let arm64 = Platform(os: "linux", architecture: "arm64", variant: "v8")

    /// An imager image; `tag` makes its files differ from those of other versions.
    public static func imager(_ tag: String, labels: [String: String] = [:]) -> ImageContent {
        var members = [folder("usr"), folder("usr/install")]
        for architecture in ["amd64", "arm64"] {
            let path = "usr/install/\(architecture)"
            members.append(folder(path))
            for name in ["vmlinuz", "initramfs.xz", "systemd-stub.efi", "systemd-boot.efi", "talos.spdx.json"] {
                members.append(file("\(path)/\(name)", "\(name) of \(tag) for \(architecture)"))
            }
        }
        return ImageContent([members], entrypoint: ["/bin/imager"], labels: labels)
    }

    /// An installer-base image.
    public static func installerBase(_ tag: String, platform: Platform = amd64) -> ImageContent {
        ImageContent(
            [[folder("bin"), file("bin/installer", "installer \(tag) \(platform)", mode: 0o755)]], platform: platform,
            entrypoint: ["/bin/installer"], labels: ["alpha.talos.dev/version": tag])
    }

    /// A system extension with one file.
    public static func systemExtension(_ name: String, platform: Platform = amd64) -> ImageContent {
        ImageContent(
            [
                [
                    file(
                        "manifest.yaml",
                        """
                        version: v1alpha1
                        metadata:
                          name: \(name)
                          version: v1.0.0
                          author: nobody
                          description: a test
                          compatibility:
                            talos:
                              version: ">= v1.0.0"

                        """),
                    folder("rootfs"), folder("rootfs/usr"), folder("rootfs/usr/local"),
                    file("rootfs/usr/local/\(name)", "\(name) for \(platform)"),
                ]
            ], platform: platform)
    }

    /// A catalog of extensions.
    public static func extensionCatalog(imageDigests: String, descriptions: String?) -> ImageContent {
        var layers = [[file("image-digests", imageDigests)]]
        if let descriptions { layers.append([file("descriptions.yaml", descriptions)]) }
        return ImageContent(layers, platform: arm64)
    }

    /// A catalog of overlays.
    public static func overlayCatalog(_ text: String) -> ImageContent { ImageContent([[file("overlays.yaml", text)]]) }

    /// An overlay's image.
    public static func overlay(_ name: String, platform: Platform = amd64) -> ImageContent {
        ImageContent(
            [[file("installers/\(name)", "program", mode: 0o755), file("profiles/\(name).yaml", "arch: arm64\n")]],
            platform: platform)
    }
}

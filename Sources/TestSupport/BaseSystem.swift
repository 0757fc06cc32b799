import Foundation
import TalosModel

/// The base of a release for one architecture: kernel, initramfs and systemd's two EFI programs, in the places of the
/// imager image.
struct BaseSystem {
    /// The Debian packages that it is made of.
    let packages: Packages
    private let packers: Packers
    private let cache: BuildCache

    /// The packages for one architecture.
    struct Packages {
        let architecture: Architecture
        let kernel: DebianKernel
        let busybox: String
        let systemdBoot: String
        /// The archives' names, which tell their versions.
        let archives: [String]

        init(_ packages: DebianPackages, for architecture: Architecture) throws {
            let kernel = try packages.unpack("linux-image-cloud-\(architecture)", for: architecture)
            let busybox = try packages.unpack("busybox-static", for: architecture)
            let systemdBoot = try packages.unpack("systemd-boot-efi", for: architecture)
            self.architecture = architecture
            self.kernel = try DebianKernel(in: kernel)
            self.busybox = "\(busybox.folder)/bin/busybox"
            self.systemdBoot = "\(systemdBoot.folder)/usr/lib/systemd/boot/efi"
            archives = [kernel.archive, busybox.archive, systemdBoot.archive]
        }
    }

    /// The modules that stand in the way of the rest, in the order in which they load: the initramfs has no index.
    private static let earlyModules = [
        "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "failover",
        "net_failover", "virtio_net", "loop", "squashfs", "overlay",
    ]
    /// The modules of the base's root file system; extensions' modules depend on some of them.
    private static let baseModules = [
        "virtio_ring", "virtio", "failover", "net_failover", "virtio_net", "udp_tunnel", "ip6_udp_tunnel", "dummy",
    ]

    init(packages: Packages, packers: Packers, cache: BuildCache) {
        self.packages = packages
        self.packers = packers
        self.cache = cache
    }

    /// Adds `usr/install/<architecture>` to a tree.
    ///
    /// - Parameters:
    ///   - key: names the recipe and the packages in the cache.
    func install(into tree: FileTree, version: TalosVersion, key: String) throws {
        let folder = "usr/install/\(packages.architecture)"
        try tree.copy(packages.kernel.image, to: "\(folder)/vmlinuz")
        // So called even where it is zstd.
        try tree.copy(try initramfs(version: version, key: key), to: "\(folder)/initramfs.xz")
        if version.isAtLeast(1, 5) {
            let suffix = packages.architecture == .amd64 ? "x64" : "aa64"
            try tree.copy("\(packages.systemdBoot)/linux\(suffix).efi.stub", to: "\(folder)/systemd-stub.efi")
            try tree.copy("\(packages.systemdBoot)/systemd-boot\(suffix).efi", to: "\(folder)/systemd-boot.efi")
        }
        if version.isAtLeast(1, 11) {
            try tree.write(
                "\(folder)/talos.spdx.json", #"{"spdxVersion":"SPDX-2.3","name":"talos-shaped-\#(version.tag)"}"# + "\n"
            )
        }
    }

    /// The path of the base initramfs: `init` and `rootfs.sqsh` as Talos', and beside them what this init needs before
    /// it can mount anything, `bin/busybox` and the modules under `early`.
    func initramfs(version: TalosVersion, key: String) throws -> String {
        let name = "base-\(key)/\(version.tag)-\(packages.architecture)"
        let folder = try cache.folder(name) { folder in
            let tree = try FileTree(at: "\(folder)/tree")
            try tree.copy(packages.busybox, to: "bin/busybox", mode: 0o755)
            try tree.write("init", try Resource.named("init"), mode: 0o755)
            try tree.write("early/address", try Resource.named("address"), mode: 0o755)
            for (position, module) in Self.earlyModules.enumerated() {
                try tree.copy(
                    "\(packages.kernel.modulesFolder)/\(try packages.kernel.path(of: module))",
                    to: "early/\(10 + position)-\(module).ko")
            }
            let root = try rootFileSystem(at: "\(folder)/root", version: version)
            try packers.squash(root, to: "\(tree.root)/rootfs.sqsh", version: version)
            try packers.initramfs(tree, to: "\(folder)/initramfs", version: version)
            for leftover in ["tree", "root"] { try FileManager.default.removeItem(atPath: "\(folder)/\(leftover)") }
        }
        return "\(folder)/initramfs"
    }

    private func rootFileSystem(at path: String, version: TalosVersion) throws -> FileTree {
        let tree = try FileTree(at: path)
        let kernel = packages.kernel
        let merged = version.isAtLeast(1, 10)
        let library = merged ? "usr/lib" : "lib"
        for folder in ["dev", "etc", "proc", "run", "sys", "tmp", "usr/local/share", "\(library)/firmware"] {
            try tree.makeFolder(folder)
        }
        if merged { try tree.link("lib", to: "usr/lib") }
        try tree.copy(packages.busybox, to: "bin/busybox", mode: 0o755)
        try tree.write("etc/os-release", "NAME=\"Talos\"\nID=talos\nVERSION_ID=\(version.tag)\n")
        let modules = "\(library)/modules/\(kernel.release)"
        for module in Self.baseModules {
            let file = try kernel.path(of: module)
            try tree.copy("\(kernel.modulesFolder)/\(file)", to: "\(modules)/\(file)")
        }
        for list in ["modules.builtin", "modules.builtin.modinfo", "modules.order"] {
            try tree.copy("\(kernel.modulesFolder)/\(list)", to: "\(modules)/\(list)")
        }
        try packers.indexModules(in: merged ? "\(path)/usr" : path, release: kernel.release)
        return tree
    }
}

/// The files that this module carries.
enum Resource {
    /// The bytes of the file called `name`.
    static func named(_ name: String) throws -> [UInt8] {
        guard let url = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Resources") else {
            throw TestSupportError("the resource '\(name)' is not beside the program")
        }
        return Array(try Data(contentsOf: url))
    }
}

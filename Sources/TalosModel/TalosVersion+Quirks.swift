/// What changed in Talos at which version. A prerelease counts as its release: 1.10.0-alpha.0 has what 1.10.0 has.
extension TalosVersion {
    /// GRUB menus have an entry that resets the machine (1.4).
    public var hasResetMenuEntry: Bool { isAtLeast(1, 4) }

    /// Unified kernel images exist, and with them SecureBoot (1.5).
    public var supportsUnifiedKernelImages: Bool { isAtLeast(1, 5) }

    /// Several documents are allowed in one machine configuration (1.5).
    public var supportsMultidocumentConfiguration: Bool { isAtLeast(1, 5) }

    /// META values on the kernel command line may be compressed (1.6.3).
    public var supportsCompressedEncodedMeta: Bool { isAtLeast(1, 6, 3) }

    /// Overlays replace the boards that were built in (1.7).
    public var supportsOverlays: Bool { isAtLeast(1, 7) }

    /// The schematic's virtual extension carries the schematic itself (1.7).
    public var schematicExtensionCarriesSchematic: Bool { isAtLeast(1, 7) }

    /// The initramfs and squashfs images are zstd; before, xz (1.8).
    public var compressesWithZstandard: Bool { isAtLeast(1, 8) }

    /// ISO volumes have labels (1.8).
    public var supportsISOLabel: Bool { isAtLeast(1, 8) }

    /// An ISO halts on a machine that has Talos on its disk already (1.8).
    public var supportsHaltIfInstalled: Bool { isAtLeast(1, 8) }

    /// Disk images leave out the STATE and EPHEMERAL partitions, which the first boot makes (1.8).
    public var skipsDataPartitions: Bool { isAtLeast(1, 8) }

    /// On bare amd64 metal the first serial port is a console (before 1.8).
    public var hasMetalSerialConsole: Bool { !isAtLeast(1, 8) }

    /// SELinux is on (1.10).
    public var supportsSELinux: Bool { isAtLeast(1, 10) }

    /// Firmware and modules live below `/usr` (1.10).
    public var hasMergedUsr: Bool { isAtLeast(1, 10) }

    /// UEFI machines boot through systemd-boot: arm64 alone, amd64 beside GRUB (1.10).
    public var usesSystemdBootForUEFI: Bool { isAtLeast(1, 10) }

    /// Unified kernel images hold several boot profiles (1.10).
    public var supportsUnifiedKernelImageProfiles: Bool { isAtLeast(1, 10) }

    /// The installer holds a unified kernel image and is made from `installer-base`; it takes extra kernel arguments
    /// (1.10).
    public var supportsUnifiedInstaller: Bool { isAtLeast(1, 10) }

    /// The kernel measures files (IMA); up to 1.10.99.
    public var supportsIMA: Bool { !isAtLeast(1, 10, 100) }

    /// The boot partition has 2000 MiB instead of 1000 MiB (1.11).
    public var hasLargeBootPartition: Bool { isAtLeast(1, 11) }

    /// `talosctl` binaries are published as an image (1.11.0-alpha.3, and with it every prerelease of 1.11.0).
    public var publishesTalosctl: Bool { isAtLeast(1, 11) }

    /// SPDX files are published (1.11).
    public var publishesSPDX: Bool { isAtLeast(1, 11) }

    /// A machine configuration can be embedded in an image (1.12).
    public var supportsEmbeddedConfiguration: Bool { isAtLeast(1, 12) }

    /// The boot loader of an ISO can be chosen (1.12).
    public var supportsISOBootloaderChoice: Bool { isAtLeast(1, 12) }

    /// Only signed kernel modules load (1.12).
    public var enforcesModuleSignatures: Bool { isAtLeast(1, 12) }

    /// `/proc/PID/mem` cannot be written through (1.13).
    public var restrictsProcessMemory: Bool { isAtLeast(1, 13) }

    /// Memory is zeroed when allocated by a kernel argument (before 1.14; then by the kernel's own configuration).
    public var needsInitializeOnAllocation: Bool { !isAtLeast(1, 14) }

    /// NVMe requests never time out on any platform (before 1.14; then on AWS alone).
    public var hasNVMeTimeoutEverywhere: Bool { !isAtLeast(1, 14) }
}

/// A place that Talos runs in, as `talos.platform` names it, and what is offered for it.
public struct Platform: Hashable, Sendable {
    /// A way to bring Talos onto a machine of the platform.
    public enum BootMethod: String, Hashable, Sendable, CaseIterable {
        /// A disk image.
        case disk = "disk-image"
        /// A bootable ISO.
        case iso
        /// Network boot.
        case pxe
    }

    /// The name in `talos.platform` and in asset paths.
    public let name: String
    /// The name for people.
    public let label: String
    /// The architectures offered for a choice; assets of the other one can be made nevertheless.
    public let architectures: [Architecture]
    /// The first version that has it; nil means always. Compared as a full semantic version.
    public let minimumVersion: TalosVersion?
    /// The file name suffix of the disk image that the platform takes, without its dot; nil when it takes none.
    public let diskImageSuffix: String?
    /// The ways to boot it, the preferred one first.
    public let bootMethods: [BootMethod]
    /// Whether its SecureBoot assets are offered.
    public let supportsSecureBoot: Bool
    /// The page about it below Talos' "platform-specific installations", if it has one.
    public let documentation: String?

    /// Every platform offered, bare metal first, in the order in which they are offered.
    public static let offered: [Platform] = [
        Platform(
            "metal", "Bare Metal", disk: "raw.zst", [.iso, .disk, .pxe], secureBoot: true,
            documentation: "bare-metal-platforms/bootloader"),
        Platform("aws", "Amazon Web Services (AWS)", disk: "raw.xz", [.disk], documentation: "cloud-platforms/aws"),
        Platform("gcp", "Google Cloud (GCP)", disk: "raw.tar.gz", [.disk], documentation: "cloud-platforms/gcp"),
        Platform(
            "equinixMetal", "Equinix Metal", disk: nil, [.pxe], documentation: "bare-metal-platforms/equinix-metal"),
        Platform(
            "azure", "Microsoft Azure", disk: "vhd.xz", [.disk], secureBoot: true,
            documentation: "cloud-platforms/azure"),
        Platform(
            "digital-ocean", "Digital Ocean", [.amd64], disk: "raw.gz", [.disk],
            documentation: "cloud-platforms/digitalocean"),
        Platform(
            "nocloud", "Nocloud", disk: "raw.xz", [.disk, .iso, .pxe], secureBoot: true,
            documentation: "cloud-platforms/nocloud"),
        Platform(
            "openstack", "OpenStack", disk: "raw.xz", [.disk, .iso, .pxe], documentation: "cloud-platforms/openstack"),
        Platform("vmware", "VMWare", disk: "ova", [.disk, .iso], documentation: "virtualized-platforms/vmware"),
        Platform(
            "akamai", "Akamai", [.amd64], since: TalosVersion(1, 7, 0), disk: "raw.gz", [.disk],
            documentation: "cloud-platforms/akamai"),
        Platform(
            "cloudstack", "Apache CloudStack", since: try? TalosVersion(parsing: "1.8.0-alpha.2"), disk: "raw.gz",
            [.disk], secureBoot: true, documentation: "cloud-platforms/cloudstack"),
        Platform("hcloud", "Hetzner", [.amd64], disk: "raw.xz", [.disk], documentation: "cloud-platforms/hetzner"),
        Platform("oracle", "Oracle Cloud", disk: "qcow2", [.disk], documentation: "cloud-platforms/oracle"),
        Platform("upcloud", "UpCloud", [.amd64], disk: "raw.xz", [.disk], documentation: "cloud-platforms/upcloud"),
        Platform("vultr", "Vultr", [.amd64], disk: nil, [.iso, .pxe], documentation: "cloud-platforms/vultr"),
        Platform(
            "exoscale", "Exoscale", since: TalosVersion(1, 3, 0), disk: "qcow2", [.disk],
            documentation: "cloud-platforms/exoscale"),
        Platform(
            "opennebula", "OpenNebula", since: TalosVersion(1, 7, 0), disk: "raw.zst", [.disk, .iso],
            documentation: "virtualized-platforms/opennebula"),
        Platform("scaleway", "Scaleway", disk: "raw.zst", [.disk, .iso], documentation: "cloud-platforms/scaleway"),
        Platform(
            "alibabacloud", "AlibabaCloud", since: try? TalosVersion(parsing: "1.14.0-beta.2"), disk: "qcow2", [.disk]),
    ]

    /// Bare metal.
    public static let metal = offered[0]

    /// The platform of a name, among those offered. Names are case-sensitive.
    public init?(named name: some StringProtocol) {
        guard let platform = Platform.offered.first(where: { $0.name == name }) else { return nil }
        self = platform
    }

    /// Whether a version has it.
    public func isAvailable(in version: TalosVersion) -> Bool { minimumVersion.map { version >= $0 } ?? true }

    private init(
        _ name: String, _ label: String, _ architectures: [Architecture] = Architecture.allCases,
        since minimumVersion: TalosVersion? = nil, disk diskImageSuffix: String?, _ bootMethods: [BootMethod],
        secureBoot: Bool = false, documentation: String? = nil
    ) {
        self.name = name
        self.label = label
        self.architectures = architectures
        self.minimumVersion = minimumVersion
        self.diskImageSuffix = diskImageSuffix
        self.bootMethods = bootMethods
        supportsSecureBoot = secureBoot
        self.documentation = documentation
    }
}

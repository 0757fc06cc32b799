/// What a platform puts on the kernel command line.
struct PlatformArguments {
    /// The value of `talos.platform`.
    let registeredName: String
    /// The platform's own arguments, which replace what came before.
    let arguments: [String]

    /// - Parameter architecture: nil stands for one that has no conventions of its own, and so no consoles.
    init(platform: String, architecture: Architecture?, version: TalosVersion) throws(KernelCommandLineError) {
        // Equinix Metal was Packet, and its old name is still accepted.
        registeredName = platform == "packet" ? "equinixMetal" : platform
        switch registeredName {
        case "metal":
            switch architecture {
            case .amd64:
                arguments = version.hasMetalSerialConsole ? ["console=ttyS0", "console=tty0"] : ["console=tty0"]
            case .arm64: arguments = ["console=ttyAMA0", "console=tty0"]
            case nil: arguments = []
            }
        case "akamai", "digital-ocean":
            arguments = ["console=ttyS0", "console=tty0", "console=tty1", Self.kernelInterfaceNames]
        case "alibabacloud", "cloudstack", "exoscale", "hcloud", "nocloud", "opennebula", "openstack":
            arguments = Self.serialAndScreen
        case "aws":
            arguments =
                Self.serialAndScreen
                + (version.hasNVMeTimeoutEverywhere ? [] : [KernelCommandLine.nvmeTimeoutArgument])
        case "oracle", "scaleway":
            arguments = Self.serialAndScreen + [Self.noDashboard]
        case "azure":
            arguments = [
                "console=ttyS0,115200n8", "earlyprintk=ttyS0,115200", "rootdelay=300", Self.kernelInterfaceNames,
                Self.noDashboard, Self.noKexec,
            ]
        case "gcp":
            arguments = ["console=ttyS0", Self.kernelInterfaceNames, Self.noDashboard, Self.noKexec]
        case "equinixMetal":
            switch architecture {
            case .amd64: arguments = ["console=ttyS1,115200n8"]
            case .arm64: arguments = ["console=ttyAMA0,115200"]
            case nil: arguments = []
            }
        case "upcloud", "vultr":
            arguments = [Self.kernelInterfaceNames]
        case "vmware":
            switch architecture {
            case .amd64:
                arguments = [
                    "talos.config=guestinfo", "console=tty0", "console=ttyS0", "earlyprintk=ttyS0,115200",
                    Self.kernelInterfaceNames,
                ]
            case .arm64:
                arguments = [
                    "talos.config=guestinfo", "console=tty0", "console=ttyAMA0", Self.kernelInterfaceNames,
                ]
            case nil: arguments = []
            }
        case "container":
            arguments = []
        default:
            throw KernelCommandLineError.unknownPlatform(platform)
        }
    }

    private static let kernelInterfaceNames = "net.ifnames=0"
    private static let noDashboard = "talos.dashboard.disabled=1"
    private static let noKexec = "sysctl.kernel.kexec_load_disabled=1"
    private static let serialAndScreen = ["console=tty1", "console=ttyS0", kernelInterfaceNames]
}

extension Platform {
    /// Whether Talos knows a platform of this name, be it offered or not.
    public static func isKnown(_ name: String) -> Bool {
        (try? PlatformArguments(platform: name, architecture: nil, version: TalosVersion(1, 0, 0))) != nil
    }
}

extension KernelCommandLine {
    /// The command line of an asset.
    ///
    /// The order is Talos': platform, overlay, defaults, SecureBoot, META, then what the schematic adds. Platform and
    /// overlay arguments replace, defaults are added beside, so an overlay's consoles take the platform's place.
    ///
    /// - Parameters:
    ///   - platform: The platform's name; `packet` is understood as `equinixMetal`.
    ///   - architecture: nil stands for one without conventions of its own.
    ///   - overlayArguments: What the overlay's installer asks for.
    ///   - meta: Goes into `talos.environment`, except in a disk image, which has a partition for it.
    ///   - extraArguments: See ``extend(_:)-([[UInt8]])``.
    ///   - gzip: Compresses with gzip at its best level; called for long META from Talos 1.6.3 on.
    public static func assembled(
        platform: String, architecture: Architecture?, version: TalosVersion, kind: AssetKind, secureBoot: Bool = false,
        overlayArguments: [String] = [], meta: [MetaEntry] = [], extraArguments: [[UInt8]] = [],
        gzip: ([UInt8]) throws -> [UInt8]
    ) throws -> KernelCommandLine {
        let platformArguments = try PlatformArguments(platform: platform, architecture: architecture, version: version)
        var line = KernelCommandLine()
        line.append("talos.platform", platformArguments.registeredName)
        line.setAll(platformArguments.arguments)
        if kind == .iso, version.supportsHaltIfInstalled { line.append("talos.halt_if_installed", "1") }
        line.setAll(overlayArguments)
        line.appendAll(defaultArguments(for: version))
        if secureBoot { line.append("lockdown", "confidentiality") }
        if !kind.isDiskImage, !meta.isEmpty {
            let value = try MetaEncoding.environmentValue(of: meta, version: version, gzip: gzip)
            line.append("talos.environment", "INSTALLER_META_BASE64=\(value)")
        }
        line.extend(extraArguments)
        return line
    }

    /// What every Talos of a version has on its command line, in order.
    public static func defaultArguments(for version: TalosVersion) -> [String] {
        var arguments: [String] = []
        if version.needsInitializeOnAllocation { arguments.append("init_on_alloc=1") }
        arguments += ["slab_nomerge", "pti=on", "consoleblank=0"]
        if version.hasNVMeTimeoutEverywhere { arguments.append(nvmeTimeoutArgument) }
        arguments.append("printk.devkmsg=on")
        if version.supportsIMA { arguments += ["ima_template=ima-ng", "ima_appraise=fix", "ima_hash=sha512"] }
        if version.supportsSELinux { arguments.append("selinux=1") }
        if version.enforcesModuleSignatures { arguments.append("module.sig_enforce=1") }
        if version.restrictsProcessMemory { arguments.append("proc_mem.force_override=never") }
        return arguments
    }

    static let nvmeTimeoutArgument = "nvme_core.io_timeout=4294967295"
}

/// Why a command line cannot be assembled.
public enum KernelCommandLineError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Talos has no platform of this name.
    case unknownPlatform(String)

    /// In Talos' words.
    public var description: String {
        switch self {
        case .unknownPlatform(let name): "unknown platform: \(name.goQuoted)"
        }
    }
}

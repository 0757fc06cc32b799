import NetworkTypes

/// A boot of which nothing has been heard for so long that it has most likely stopped.
public struct StalledBoot: Hashable, Sendable {
    /// What the machine did last.
    public enum Place: Hashable, Sendable {
        /// It was told its loader, and has not fetched it.
        case loaderOffered
        /// It has fetched its loader, and has not been heard of since.
        case loaderFetched
        /// iPXE was told where its script is, and has not asked for it.
        case scriptOffered
        /// It was given its script, and has not fetched its kernel.
        case scriptFetched
        /// It has fetched its kernel, and not its initramfs.
        case kernelFetched

        init?(_ progress: BootStage, loaderIsLast: @autoclosure () -> Bool) {
            switch progress {
            case .offered: self = loaderIsLast() ? .loaderOffered : .scriptOffered
            case .loader: self = loaderIsLast() ? .loaderFetched : .scriptOffered
            case .script: self = .scriptFetched
            case .kernel: self = .kernelFetched
            // What was not told anything, and what has everything, is not waited for.
            case .seen, .initramfs, .config, .failed: return nil
            }
        }

        /// How long nothing is heard before it is said. A file is heard of when its last byte has left, and a kernel takes
        /// minutes on a slow link.
        public var patience: Duration {
            switch self {
            case .loaderOffered, .loaderFetched, .scriptOffered: StalledBoot.shortestPatience
            case .scriptFetched, .kernelFetched: .seconds(600)
            }
        }
    }

    static let shortestPatience = Duration.seconds(60)

    /// The machine.
    public var mac: MACAddress
    /// What it did last.
    public var place: Place

    /// What happened, and what it most likely is, in a sentence.
    ///
    /// - Parameter wantsSecureBoot: Whether the machines file says that this machine has Secure Boot switched on.
    public func sentence(wantsSecureBoot: Bool) -> String {
        switch place {
        case .loaderOffered:
            "it was told its loader, and did not finish fetching it; nothing heard for 60 s: another DHCP or PXE server that "
                + "it follows? a firewall before UDP port 69?"
        case .loaderFetched where wantsSecureBoot:
            "it fetched its loader, nothing heard for 60 s: its entry says secureboot: true, and with Secure Boot switched "
                + "on firmware refuses a loader that is not signed, as this one is"
        case .loaderFetched:
            "it fetched its loader, nothing heard for 60 s: Secure Boot, which refuses a loader that is not signed? another "
                + "DHCP server, which names a boot file of its own?"
        case .scriptOffered:
            "iPXE was told where its script is, and did not ask for it; nothing heard for 60 s: another DHCP server, which "
                + "names a boot file of its own? a firewall before the port of HTTP?"
        case .scriptFetched:
            "it was given its script, and did not finish fetching its kernel; nothing heard for 10 minutes: its console "
                + "says why"
        case .kernelFetched:
            "it fetched its kernel, and did not finish fetching its initramfs; nothing heard for 10 minutes: its console "
                + "says why"
        }
    }
}

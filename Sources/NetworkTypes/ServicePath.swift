/// Where the appliance serves what, as paths that begin with a slash. Routes, scripts, DHCP and the commands all name them from
/// here.
public enum ServicePath {
    /// The script that every machine runs first.
    public static let firstScript = "/boot.ipxe"
    /// The same under the name that newer iPXE looks for beside itself.
    public static let autoexec = "/autoexec.ipxe"
    /// A machine's own script; its query says which machine asks.
    public static let machineScript = "/boot"
    /// Every machine's story.
    public static let machines = "/machines"

    /// The story of one machine.
    public static func machine(_ mac: String) -> String { "\(machines)/\(mac)" }

    /// The machine configuration of one machine.
    public static func configuration(_ mac: String) -> String { "/config/\(mac)" }

    /// A loader, or another file of the operator's.
    public static func loader(_ name: String) -> String { "/loaders/\(name)" }

    /// An asset, as Image Factory has it.
    public static func image(schematic: String, version: String, asset: String) -> String {
        "/image/\(schematic)/\(version)/\(asset)"
    }

    /// The factory's own script for a schematic, as Image Factory has it.
    public static func factoryScript(schematic: String, version: String, target: String) -> String {
        "/pxe/\(schematic)/\(version)/\(target)"
    }
}

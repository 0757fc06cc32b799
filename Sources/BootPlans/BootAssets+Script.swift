import IPXE
import TalosModel

extension BootAssets {
    /// The iPXE script that boots them.
    public func script(machine: String, from origin: ScriptOrigin) throws(ScriptError) -> String {
        let base = origin.baseURL
        let payload: MachineScript.Payload =
            target.secureBoot
            ? .unifiedKernelImage(url: "\(base)/\(path(.unifiedKernelImage))")
            : .kernel(url: "\(base)/\(path(.kernel))", initramfs: "\(base)/\(path(.initramfs))")
        return try MachineScript(
            machine: machine, title: "Talos \(version.tag)", payload: payload, commandLine: commandLine
        ).text(from: origin)
    }
}

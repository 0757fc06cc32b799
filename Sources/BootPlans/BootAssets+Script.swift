import IPXE
import TalosModel

extension BootAssets {
    /// The iPXE script that boots them.
    public func script(machine: String, from origin: ScriptOrigin) throws(ScriptError) -> String {
        let base = origin.baseURL
        let payload: MachineScript.Payload =
            target.secureBoot
            ? .unifiedKernelImage(url: base + names.unifiedKernelImage)
            : .kernel(url: base + names.kernel, initramfs: base + names.initramfs)
        return try MachineScript(
            machine: machine, title: names.release, payload: payload, commandLine: commandLine
        ).text(from: origin)
    }
}

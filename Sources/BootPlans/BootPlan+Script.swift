import IPXE

extension BootPlan {
    /// The iPXE script that a machine with this plan is given.
    ///
    /// - Throws: `ScriptError` when this host's own URL cannot stand in a script.
    public func script(from origin: ScriptOrigin) throws -> String {
        switch action {
        case .wait: return try WaitScript.text(machine: machine, from: origin)
        case .localDisk: return LocalDiskScript.text(machine: machine, from: origin)
        // Not an error: iPXE would ask again and again, and the machine lose a minute before it boots from its disk.
        case .ignore, .refuse: return RefusalScript.text(machine: machine, reason: reason, from: origin)
        case .boot(let assets):
            do { return try assets.script(machine: machine, from: origin) } catch {
                return RefusalScript.text(machine: machine, reason: "\(error)", from: origin)
            }
        }
    }
}

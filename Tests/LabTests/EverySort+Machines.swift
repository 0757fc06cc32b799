import LabSupport
import TalosModel
import Testing

/// What the tests of machines that Slipway boots have in common.
protocol EverySortBoots {}

extension EverySortBoots {
    /// An entry of the machines file.
    ///
    /// - Parameter more: a further line of it.
    func entry(
        _ machine: LabMachine, _ more: String? = nil, schematic: String = "every-sort", version: String = "v1.13.5"
    ) -> String {
        var lines = [
            "  - name: \(machine.name)", "    mac: \(machine.mac)", "    schematic: \(schematic)",
            "    version: \(version)",
            "    args: [lab.machine=\(machine.name)]",
        ]
        if let more { lines.append(more) }
        return lines.joined(separator: "\n")
    }

    /// The kernel's command line without the name of the initramfs, which stands at its end on EFI alone.
    func arguments(of facts: BootFacts) -> String {
        var words = facts.commandLine
        if facts.firmwareInterface == "uefi", words.last == "initrd=initramfs" { words.removeLast() }
        return words.joined(separator: " ")
    }

    /// Everything that the schematic with an extension of every sort must have become on the machine.
    func requireEverySort(
        _ facts: BootFacts, on machine: LabMachine, version: String = "v1.13.5", in lab: Lab
    ) throws {
        let release = try TalosVersion(parsing: version)
        let id = try SlipwayAppliance.id(of: EverySort.schematic, in: lab)
        try EverySort.require(facts, version: release, id: id)
        try #require(facts.addresses == [machine.mac])
        let line = arguments(of: facts)
        let console = release.isAtLeast(1, 8) ? "console=tty0" : "console=ttyS0 console=tty0"
        try #require(
            line.contains("talos.platform=metal \(console) init_on_alloc=1 slab_nomerge pti=on consoleblank=0 "))
        try #require(line.hasSuffix(" lab.schematic=every-sort lab.machine=\(machine.name)"))
        if release.isAtLeast(1, 13) {
            try #require(line.contains(" selinux=1 module.sig_enforce=1 proc_mem.force_override=never lab."))
        }
    }
}

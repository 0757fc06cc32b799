/// The script that sends a machine to its own disk.
public enum LocalDiskScript {
    /// How the disk is reached; firmware differs in what works.
    public enum Method: String, Hashable, Sendable, CaseIterable {
        /// UEFI goes on to its next boot entry; BIOS starts the first disk.
        case nextEntry
        /// The first disk's boot loader is started from here, on UEFI too: for firmware that stops at its menu when
        /// network boot ends.
        case firstDisk
    }

    /// The script's text.
    public static func text(
        machine: String, from origin: ScriptOrigin, method: Method = .nextEntry
    ) -> String {
        var writer = ScriptWriter()
        writer.say(origin.display, ": ", machine, " boots from its disk")
        writer.line("iseq ${platform} efi && goto efi ||")
        // `exit` alone makes some BIOSes hang or begin again, so the disk is started from here first.
        writer.line("sanboot --no-describe --drive 0x80 ||")
        writer.line("exit")
        writer.line(":efi")
        if method == .firstDisk {
            writer.line("set loader BOOTX64.EFI")
            writer.line("iseq ${buildarch} arm64 && set loader BOOTAA64.EFI ||")
            writer.line("sanboot --no-describe --drive 0 --filename \\EFI\\BOOT\\${loader} ||")
        }
        writer.line("exit 1")
        return writer.text
    }
}

/// The script that sends a machine to its own disk.
public enum LocalDiskScript {
    /// The script's text: UEFI goes on to its next boot entry; BIOS starts the first disk.
    public static func text(machine: String, from origin: ScriptOrigin) -> String {
        var writer = ScriptWriter()
        writer.say(origin.display, ": ", machine, " boots from its disk")
        writer.line("iseq ${platform} efi && goto efi ||")
        // `exit` alone makes some BIOSes hang or begin again, so the disk is started from here first.
        writer.line("sanboot --no-describe --drive 0x80 ||")
        writer.line("exit")
        writer.line(":efi")
        writer.line("exit 1")
        return writer.text
    }
}

/// The script that boots one machine into Talos.
public struct MachineScript: Hashable, Sendable {
    /// What is loaded.
    public enum Payload: Hashable, Sendable {
        /// A kernel and its initramfs.
        case kernel(url: String, initramfs: String)
        /// Both in one EFI program. Under Secure Boot it keeps to the command line inside it; otherwise ours counts.
        case unifiedKernelImage(url: String)
    }

    /// The machine's name, or its MAC address when it has none.
    public var machine: String
    /// What it boots, for people, as in "Talos v1.13.5".
    public var title: String
    /// What is loaded.
    public var payload: Payload
    /// The kernel's command line.
    public var commandLine: String

    /// A script.
    public init(machine: String, title: String, payload: Payload, commandLine: String) {
        self.machine = machine
        self.title = title
        self.payload = payload
        self.commandLine = commandLine
    }

    /// How long a download may make no progress, in milliseconds. Images that nobody asked for before are made first.
    static let timeout = 60_000
    // On EFI, iPXE puts the image's name before the command line: a short name leaves more room for arguments.
    private static let kernelName = "talos"
    // How an EFI kernel finds its initramfs with iPXE builds of before 2021, Debian 12's among them. With later ones it asks
    // iPXE itself (LoadFile2), and does not look at the argument.
    private static let initramfsName = "initramfs"
    private static let handover = "initrd=\(initramfsName)"

    /// The longest command line, in bytes: what kernels take (2048 bytes with the end mark), less the image's name and the
    /// name of the initramfs. iPXE would cut a longer one without a word.
    public static let commandLineLimit = 2048 - 1 - kernelName.utf8.count - 1 - handover.utf8.count - 1

    /// The script's text.
    ///
    /// There is one initramfs. Its name stands on the command line on EFI alone, because BIOS hands it over by itself.
    public func text(from origin: ScriptOrigin) throws(ScriptError) -> String {
        let bytes = commandLine.utf8.count
        guard bytes <= Self.commandLineLimit else {
            throw .commandLineTooLong(bytes: bytes, limit: Self.commandLineLimit)
        }
        let display = origin.display
        var writer = ScriptWriter()
        writer.say(display, ": ", machine, " boots ", title)
        if case .kernel = payload { writer.line(Self.handoverOnEFI) }
        writer.beginAttempts()
        writer.write(Self.kernel)
        switch payload {
        case .kernel(let url, let initramfs):
            try writer.writeURL(url)
            writer.write(" ")
            try writer.writeCommandLine(commandLine)
            writer.write(Self.initrd)
            try writer.writeURL(initramfs)
        case .unifiedKernelImage(let url):
            try writer.writeURL(url)
            if bytes > 0 { writer.write(" ") }
            try writer.writeCommandLine(commandLine)
        }
        writer.write(" || goto retry\nboot || goto retry\n")
        writer.retry(
            what: [machine, ": loading ", title],
            failure: [[machine, " could not load ", title, " from ", display, Self.inSoManyAttempts]])
        return writer.text
    }

    private static let handoverOnEFI = "iseq ${platform} efi && set handover \(handover) ||"
    private static let kernel = "kernel --name \(kernelName) --timeout \(timeout) "
    private static let initrd = " ${handover} || goto retry\ninitrd --name \(initramfsName) --timeout \(timeout) "
    private static let inSoManyAttempts = " in \(ScriptWriter.attempts) attempts."
}

extension MachineScript {
    /// Checks that kernel arguments can stand in a script, so that this is known when they are written and not when a
    /// machine boots.
    public static func check(commandLine: String) throws(ScriptError) {
        var script: [UInt8] = []
        try ScriptWords.write(commandLine: commandLine, to: &script)
    }
}

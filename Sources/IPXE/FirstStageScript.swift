/// The script that every machine gets first (`boot.ipxe`): it says who it is and asks for the machine's own.
public enum FirstStageScript {
    /// How often the machine's script is asked for before the boot is given up.
    static let attempts = 10
    /// How long the server may be silent, in milliseconds.
    static let timeout = 10_000

    /// What the machine tells about itself, as the query of its request.
    ///
    /// `netX` is the interface that booted. The architecture is that of the iPXE build: `i386` on BIOS, whatever the
    /// processor is. SMBIOS strings may hold anything, hence `uristring`; builds of 2019 leave `&` as it is even so.
    /// Therefore they come last, and of a name that occurs twice the first counts.
    static let identity = [
        "mac=${netX/mac:hexhyp}", "uuid=${uuid}", "arch=${buildarch}", "platform=${platform}",
        "serial=${serial:uristring}", "manufacturer=${manufacturer:uristring}", "product=${product:uristring}",
    ].joined(separator: "&")

    /// The script's text.
    ///
    /// The machine's script is fetched and then put in this one's place, instead of chained to: that way its end is the
    /// end of network boot, and not a failure to be tried again.
    public static func text(from origin: ScriptOrigin) throws(ScriptError) -> String {
        let url = try ScriptWords.url(origin.url("boot"))
        var writer = ScriptWriter()
        writer.say("\(origin.display): asking what to boot")
        writer.beginAttempts()
        writer.line("imgfetch --name machine --timeout \(timeout) \(url)?\(identity) || goto retry")
        writer.line("chain --replace --autofree machine || goto retry")
        writer.retry(
            attempts: attempts, what: "\(origin.name): the boot script",
            failure: [
                "\(origin.display) gave no boot script after \(attempts) attempts.",
                "Is the appliance running, and can this machine reach it?",
            ])
        return writer.text
    }
}

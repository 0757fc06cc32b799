import NetworkTypes

/// The script that every machine gets first (`boot.ipxe`): it says who it is and asks for the machine's own.
public enum FirstStageScript {
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
    ///
    /// - Parameter bringingUpNetwork: Whether the script begins by asking for an address. iPXE builds of 2022 and later look
    ///   for an `autoexec.ipxe` beside their own file and run it with the network still down, though it came by it. It
    ///   is said that only DHCP is wanted, because without that they wait for IPv6 routers too.
    public static func text(
        from origin: ScriptOrigin, bringingUpNetwork: Bool = false
    ) throws(ScriptError) -> String {
        var writer = ScriptWriter()
        if bringingUpNetwork { writer.line("ifconf -c dhcp || dhcp ||") }
        writer.say(origin.display, ": asking what to boot")
        writer.beginAttempts()
        writer.write(fetch)
        try writer.writeURL(origin.url(ServicePath.machineScript))
        writer.write(query)
        writer.retry(
            what: [origin.name, ": the boot script"],
            failure: [
                [origin.display, " gave no boot script after \(ScriptWriter.attempts) attempts."],
                ["Is the appliance running, and can this machine reach it?"],
            ])
        return writer.text
    }

    private static let fetch = "imgfetch --name machine --timeout \(timeout) "
    private static let query = "?\(identity) || goto retry\nchain --replace --autofree machine || goto retry\n"
}

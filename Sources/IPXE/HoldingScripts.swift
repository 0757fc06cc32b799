import NetworkTypes

/// The script for a machine that is to wait until somebody assigns it something.
public enum WaitScript {
    /// The script's text. The machine asks again from the beginning, with a script that replaces this one, so that no
    /// memory is used up however long it waits.
    ///
    /// - Parameter seconds: The pause; 30 unless told.
    public static func text(machine: String, from origin: ScriptOrigin, seconds: Int = 30) throws(ScriptError) -> String
    {
        var writer = ScriptWriter()
        writer.say(origin.display, ": nothing is assigned to ", machine, " yet.")
        writer.say("It asks again every \(seconds) s; add it to the machines file.")
        writer.beginAttempts()
        writer.write("sleep \(seconds) ||\nchain --replace --autofree --timeout \(FirstStageScript.timeout) ")
        try writer.writeURL(origin.url(ServicePath.firstScript))
        writer.line(" || goto retry")
        writer.retry(what: [origin.name, ": asking again"], failure: [[origin.display, " no longer answers."]])
        return writer.text
    }
}

/// The script for a machine that cannot be given what it is assigned.
public enum RefusalScript {
    /// The script's text: the reason on the console, and the end of network boot.
    public static func text(machine: String, reason: String, from origin: ScriptOrigin) -> String {
        var writer = ScriptWriter()
        writer.say(origin.display, ": ", machine, " cannot be booted:")
        writer.say(reason)
        writer.leave()
        return writer.text
    }
}

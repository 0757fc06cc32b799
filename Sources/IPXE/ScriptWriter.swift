/// Writes a script line by line.
///
/// iPXE ends a script at the first line that fails, so every command that may fail says what happens then, and a test
/// that may be false ends in `||`.
struct ScriptWriter {
    private(set) var text = "#!ipxe\n"

    /// Adds a line that is already in iPXE's syntax.
    mutating func line(_ line: String) { text += line + "\n" }

    /// Shows text on the machine's console.
    mutating func say(_ message: String) { line("echo \(ScriptWords.displayed(message))") }

    /// Begins a loop that ``retry(attempts:what:failure:)`` closes.
    mutating func beginAttempts() {
        line("set attempt:int32 0")
        line(":again")
        // What an earlier attempt fetched would be handed to the kernel beside what this one fetches.
        line("imgfree")
    }

    /// Closes the loop. Each pause is a second longer than the one before, so that a rack that lost its server does not
    /// come back all at once; after the last attempt the script says why and ends.
    mutating func retry(attempts: Int, what: String, failure: [String]) {
        line(":retry")
        line("inc attempt")
        line("iseq ${attempt} \(attempts) && goto failed ||")
        line("echo \(ScriptWords.displayed(what)) failed, attempt ${attempt} of \(attempts). Again in ${attempt} s")
        line("sleep ${attempt} ||")
        line("goto again")
        line(":failed")
        for message in failure { say(message) }
        leave(after: 10)
    }

    /// Ends network boot after time to read the console. A plain `exit` means success to UEFI firmware, much of which
    /// then stops at its menu; a failure sends it to the next boot entry. BIOS goes on either way.
    mutating func leave(after seconds: Int) {
        line("sleep \(seconds) ||")
        line("iseq ${platform} efi && exit 1 || exit")
    }
}

/// Writes a script line by line.
///
/// iPXE ends a script at the first line that fails, so every command that may fail says what happens then, and a test
/// that may be false ends in `||`.
struct ScriptWriter {
    private var bytes: [UInt8] = []

    /// A script with nothing in it.
    init() {
        bytes.reserveCapacity(2048)
        line("#!ipxe")
    }

    /// The script so far.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Adds a line that is already in iPXE's syntax.
    mutating func line(_ line: String) {
        write(line)
        end()
    }

    /// Adds a piece of a line that is already in iPXE's syntax.
    mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Ends a line.
    mutating func end() { bytes.append(UInt8(ascii: "\n")) }

    /// Adds a URL, with what iPXE would expand in it encoded.
    mutating func writeURL(_ url: String) throws(ScriptError) { try ScriptWords.write(url: url, to: &bytes) }

    /// Adds a kernel command line.
    mutating func writeCommandLine(_ line: String) throws(ScriptError) {
        try ScriptWords.write(commandLine: line, to: &bytes)
    }

    /// Adds text for people in the middle of an `echo`.
    mutating func writeDisplayed(_ parts: [String]) { ScriptWords.write(displayed: parts, to: &bytes) }

    /// Shows text on the machine's console. The parts follow each other without anything between them.
    mutating func say(_ parts: String...) {
        write("echo ")
        writeDisplayed(parts)
        end()
    }

    /// Begins a loop that ``retry(what:failure:)`` closes.
    mutating func beginAttempts() {
        // What an earlier attempt fetched would be handed to the kernel beside what this one fetches.
        write("set attempt:int32 0\nset pause:int32 0\n:again\nimgfree\n")
    }

    /// How often something is tried before network boot is given up, with pauses of at most ten seconds: for as long as a
    /// server takes to start anew. To a server that is up without the daemon, an attempt takes no time.
    static let attempts = 36

    // 35 pauses: 1 to 10 s, then 25 of 10 s, which are five minutes and five seconds.
    private static let pausing =
        ":retry\ninc attempt\niseq ${attempt} \(attempts) && goto failed ||\niseq ${pause} 10 || inc pause ||\necho "
    private static let again =
        " failed, attempt ${attempt} of \(attempts). Again in ${pause} s\nsleep ${pause} ||\ngoto again\n:failed\n"

    /// Closes the loop. Each pause is a second longer than the one before, up to ten, so that a rack that lost its server does
    /// not come back all at once; after the last attempt the script says why and ends.
    mutating func retry(what: [String], failure: [[String]]) {
        write(Self.pausing)
        writeDisplayed(what)
        write(Self.again)
        for message in failure {
            write("echo ")
            writeDisplayed(message)
            end()
        }
        leave()
    }

    /// Ends network boot after time to read the console. A plain `exit` means success to UEFI firmware, much of which
    /// then stops at its menu; a failure sends it to the next boot entry. BIOS goes on either way.
    mutating func leave() { write("sleep 10 ||\niseq ${platform} efi && exit 1 || exit\n") }
}

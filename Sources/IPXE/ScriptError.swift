/// Why a value cannot stand in an iPXE script.
public enum ScriptError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A control character, a line break among them, which would end the line or the word.
    case controlCharacter(in: String)
    /// White space in a URL.
    case whiteSpace(in: String)
    /// `${…}`, which iPXE would replace by a setting of its own.
    case expansion(in: String)
    /// A command line longer than kernels take.
    case commandLineTooLong(bytes: Int, limit: Int)

    /// What is wrong, and how to put it right.
    public var description: String {
        switch self {
        case .controlCharacter(let text):
            "\(String(reflecting: text)) has a line break or another control character; remove it"
        case .whiteSpace(let text):
            "the URL \(String(reflecting: text)) has white space; write %20 for a space"
        case .expansion(let text):
            "'\(text)' has ${…}, which iPXE replaces by its own settings and cannot be kept from doing; "
                + "only the query of talos.config= may have it"
        case .commandLineTooLong(let bytes, let limit):
            "the kernel command line has \(bytes) bytes and \(limit) fit; "
                + "move configuration out of the arguments, into talos.config=<URL> or an embedded configuration"
        }
    }
}

import Digests
import Errors
import Glibc
import SystemPackage

/// Why the store could not do something; the message names the thing and the remedy.
public struct StoreError: CodedError, Sendable {
    /// What kind of failure it is, for decisions.
    public enum Code: Hashable, Sendable {
        /// The file system or the quota is full. Nothing was left behind.
        case diskFull
        /// The folder may not be read or written.
        case permissionDenied
        /// A stored blob is not what its name says; it has been moved aside.
        case corrupt
        /// Content to be stored does not have the digest that was promised.
        case digestMismatch
        /// Content is longer than its limit.
        case tooLarge
        /// Another process is starting on the same folder and does not finish.
        case busy
        /// A record's name holds characters that are not safe in a file name.
        case invalidKey
        /// It cannot be said which blobs are named by records, and so no blob is known to be without a name.
        case unknownReferences
        /// The store was opened for reading only.
        case readOnly
        /// The process or the system has no descriptors or no memory left; a moment later it may have.
        case exhausted
        /// Anything else the system refused.
        case inputOutput
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?

    /// A failure.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// A system call's failure: `action` is what was attempted, as "writing".
    init(errno code: Int32, _ action: String, _ path: String) {
        self.init(Errno(rawValue: code), action, path)
    }

    /// The same.
    init(_ error: Errno, _ action: String, _ path: String) {
        let reason = error.description
        switch error.rawValue {
        case ENOSPC, EDQUOT:
            self.init(
                .diskFull,
                "\(action) \(path): \(reason); nothing was left behind. Free some space and do it again")
        case EACCES, EPERM, EROFS:
            self.init(
                .permissionDenied,
                "\(action) \(path): \(reason); \(AccessRemedy.sentence(for: error.rawValue, at: path))")
        case EMFILE, ENFILE, ENOMEM: self.init(.exhausted, "\(action) \(path): \(reason); do it again")
        default: self.init(.inputOutput, "\(action) \(path): \(reason)")
        }
    }
}

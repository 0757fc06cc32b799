import Glibc

/// A program that does what no library does, run to its end without a shell. It is the leader of a process group, and whatever it
/// has started itself ends with it.
public struct Program: Sendable {
    /// Its file.
    public var path: String
    /// What follows its own name.
    public var arguments: [String]
    /// All of its environment, as NAME=value.
    public var environment: [String]
    /// Where it runs; nil is this process' own folder.
    public var folder: String?
    /// What it reads: up to ``inputLimit`` bytes; nil is /dev/null.
    public var input: [UInt8]?
    /// How much of what it writes is kept.
    public var output = OutputLimit.last(4096)
    /// What becomes of its standard error.
    public var errors = Errors.withOutput
    /// How it is confined, when it reads what strangers have made; nil leaves it this process' rights and limits.
    public var confinement: Confinement?

    /// How many bytes a program can be given to read: as many as any pipe holds.
    public static let inputLimit = 4096

    /// How much of a program's output is kept.
    public enum OutputLimit: Hashable, Sendable {
        /// The last bytes, which is where the reason of a failure is.
        case last(Int)
        /// All, and of a program that writes more nothing: it is ended.
        case all(upTo: Int)
    }

    /// What becomes of a program's standard error.
    public enum Errors: Hashable, Sendable {
        /// It is part of the output.
        case withOutput
        /// So many of its last bytes are kept apart from the output.
        case apart(last: Int)
    }

    /// What a program may use that has nothing of this process' own: neither capabilities nor a way to gain them.
    public struct Confinement: Hashable, Sendable {
        /// Its address space in bytes.
        public var memory: UInt64
        /// The longest file that it may write, in bytes.
        public var fileLength: UInt64
        /// How many descriptors it may have open.
        public var descriptors: UInt64

        /// Bounds.
        public init(memory: UInt64, fileLength: UInt64, descriptors: UInt64 = 256) {
            self.memory = memory
            self.fileLength = fileLength
            self.descriptors = descriptors
        }
    }

    /// A program and its words.
    public init(path: String, _ arguments: [String] = [], environment: [String], in folder: String? = nil) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
    }

    /// The first file in `folders` with this name that this process may execute; nil where there is none.
    public static func locate(_ name: String, in folders: [String]) -> String? {
        folders.lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}

extension Program {
    /// How a program ended.
    public enum End: Hashable, Sendable {
        /// By itself, with this status.
        case status(Int32)
        /// By a signal with this number.
        case signal(Int32)
    }

    /// A program that has ended by itself, well or not, and what it wrote.
    public struct Outcome: Hashable, Sendable {
        /// How it ended.
        public var end: End
        /// What it wrote to its standard output.
        public var output: [UInt8]
        /// What it wrote to its standard error, where that was kept apart.
        public var errors: [UInt8]
    }

    /// Why a program has no outcome.
    public enum Failure: Error, Hashable, Sendable {
        /// It could not be started; the error number of the system call.
        case notStarted(Int32)
        /// It had not ended in time, and was ended.
        case late
        /// Nobody wanted it any more, and it was ended.
        case cancelled
        /// It wrote more than is taken, and was ended.
        case tooMuchOutput
    }
}

extension Program.Failure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notStarted(let number): "it cannot be started: \(String(cString: strerror(number)))"
        case .late: "it had not ended in time"
        case .cancelled: "it was cancelled"
        case .tooMuchOutput: "it wrote too much"
        }
    }
}

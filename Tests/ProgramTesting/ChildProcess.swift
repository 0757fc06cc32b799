import CTesting
import Glibc

/// A started program. Foundation's Process is not used because its `waitUntilExit` runs a run loop, which on the threads
/// of Swift's concurrency may not wake up.
public struct ChildProcess: Sendable {
    /// The process' id.
    public let id: pid_t

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: the program's path, or its name if it lies in the PATH, and its arguments.
    ///   - environment: all of its environment.
    ///   - directory: its working directory; this process' own when nil.
    ///   - input: its standard input; `/dev/null` when nil.
    ///   - output: its standard output; `/dev/null` when nil.
    ///   - errors: its standard error; `/dev/null` when nil.
    public init(
        _ arguments: [String], environment: [String: String], directory: String? = nil, input: Int32? = nil,
        output: Int32? = nil, errors: Int32? = nil
    ) throws(ProgramError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in [input, output, errors].enumerated() {
            let number = Int32(number)
            if let descriptor {
                posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            } else {
                posix_spawn_file_actions_addopen(&actions, number, "/dev/null", number == 0 ? O_RDONLY : O_WRONLY, 0)
            }
        }
        linux_spawn_add_close_from(&actions, STDERR_FILENO + 1)
        if let directory { linux_spawn_add_working_directory(&actions, directory) }
        // The test runner blocks and ignores signals as it needs; a child begins with none of that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var id = pid_t()
        let result = posix_spawnp(&id, arguments.first ?? "", &actions, &attributes, &words, &variables)
        guard result == 0 else {
            throw ProgramError(
                "cannot start \(arguments.joined(separator: " ")): \(String(cString: strerror(result)))")
        }
        self.id = id
    }

    /// Its exit status as ``wait()`` gives it if it has ended, which is told once; nil while it runs.
    public func ended() -> Int32? {
        var status: Int32 = 0
        return waitpid(id, &status, WNOHANG) == id ? Self.exitStatus(status) : nil
    }

    /// Waits for the end of the process; to be called once.
    ///
    /// - Returns: its exit status; 128 and the signal's number if a signal ended it, as shells say it.
    public func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 {
            guard errno == EINTR else { return -1 }
        }
        return Self.exitStatus(status)
    }

    private static func exitStatus(_ status: Int32) -> Int32 {
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : 128 + signal
    }
}

/// Why a program did not do what it was run for.
public struct ProgramError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) { self.description = description }
}

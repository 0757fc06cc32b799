import CLinux
import Glibc

extension Program {
    /// Runs the program to its end, and then ends whatever it has started itself. This blocks.
    ///
    /// - Parameters:
    ///   - limit: How long it may take by the clock, and where it is confined of a processor too, in whole seconds.
    ///   - isCancelled: Asked ten times a second.
    public func run(within limit: Duration, isCancelled: () -> Bool) throws(Failure) -> Outcome {
        let deadline = ContinuousClock.now + limit
        let outputPipe = try Pipe()
        let errorPipe = errors == .withOutput ? nil : try Pipe()
        let id = try start(outputPipe, errorPipe, seconds: UInt64(max(1, limit.components.seconds)))
        outputPipe.closeInput()
        errorPipe?.closeInput()
        var written = WrittenBytes(outputPipe, limit: output)
        var complained: WrittenBytes?
        if case .apart(let length) = errors, let errorPipe {
            complained = WrittenBytes(errorPipe, limit: .last(length))
        }
        var failure: Failure?
        while failure == nil, !Self.hasEnded(id) {
            Self.wait(for: [written, complained], milliseconds: 100)
            written.take()
            complained?.take()
            if ContinuousClock.now >= deadline {
                failure = .late
            } else if isCancelled() {
                failure = .cancelled
            } else if written.isOverfull {
                failure = .tooMuchOutput
            }
        }
        // The group keeps its number as long as the process has not been waited for.
        kill(-id, SIGKILL)
        let status = Self.status(of: id)
        if let failure { throw failure }
        written.take()
        complained?.take()
        if written.isOverfull { throw .tooMuchOutput }
        let signal = status & 0x7f
        return Outcome(
            end: signal == 0 ? .status(status >> 8 & 0xff) : .signal(signal), output: written.bytes,
            errors: complained?.bytes ?? [])
    }

    /// Starts the process and gives its id.
    private func start(_ output: Pipe, _ errors: Pipe?, seconds: UInt64) throws(Failure) -> pid_t {
        let source = try input.map { bytes throws(Failure) in try Pipe(holding: bytes) }
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var streams = linux_program_streams(
            input: source?.output ?? -1, output: output.input, errors: errors?.input ?? output.input)
        let id: pid_t
        if let confinement {
            var bounds = linux_program_limits(
                memory: confinement.memory, file_size: confinement.fileLength, seconds: seconds,
                descriptors: confinement.descriptors)
            id = linux_spawn_program(path, &words, &variables, folder, &streams, &bounds)
        } else {
            id = linux_spawn_program(path, &words, &variables, folder, &streams, nil)
        }
        withExtendedLifetime(source) {}
        guard id > 0 else { throw .notStarted(-id) }
        return id
    }

    /// Whether the process has ended; it stays a zombie until it is waited for.
    private static func hasEnded(_ id: pid_t) -> Bool {
        var information = siginfo_t()
        let result = waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT)
        if result != 0 { return errno != EINTR }
        return information.si_signo == SIGCHLD
    }

    private static func status(of id: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 {
            guard errno == EINTR else { return -1 }
        }
        return status
    }

    /// Waits until there is something to read, or for so long.
    private static func wait(for sources: [WrittenBytes?], milliseconds: Int32) {
        var polls = sources.compactMap { source in
            source.flatMap { $0.hasEnded ? nil : pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        }
        if polls.isEmpty {
            // A program that has closed its output still works.
            usleep(10_000)
        } else {
            poll(&polls, nfds_t(polls.count), milliseconds)
        }
    }
}

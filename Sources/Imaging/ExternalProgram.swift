import CLinux
import Foundation
import Glibc

/// A program that does what no library does. It is started without a shell, and since it reads what strangers have made,
/// with nothing of this process' own: neither capabilities nor sockets, and within limits.
struct ExternalProgram {
    /// Its name.
    let name: String
    /// The Debian package that has it.
    let package: String

    /// Unpacks squashfs images.
    static let unsquashfs = ExternalProgram(name: "unsquashfs", package: "squashfs-tools")
    /// Works out which kernel module needs which.
    static let depmod = ExternalProgram(name: "depmod", package: "kmod")

    /// Administrators' programs are not on every user's path.
    static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    /// How long a program may take. Either works for seconds at most on what releases hold; one that has not ended by then
    /// hangs, on what it was given or on a disk, and would hold its place among the builds for ever.
    static let timeLimit = Duration.seconds(600)

    /// What a program may use of memory and disk.
    struct Limits {
        /// Its address space in bytes.
        var memory: UInt64 = 4 << 30
        /// The longest file that it may write, in bytes.
        var fileLength: UInt64 = 8 << 30
    }

    /// The end of what a program says, which is where the reason is.
    private static let transcriptLength = 4096

    /// The program's file.
    func locate(in folders: [String]) throws(ImagingError) -> String {
        for folder in folders {
            let path = "\(folder)/\(name)"
            if access(path, X_OK) == 0 { return path }
        }
        throw ImagingError(
            .missingProgram,
            "the program '\(name)' is not installed, and kernel modules need it; on Debian, 'apt install \(package)'")
    }

    /// Runs the program to its end, and then ends whatever it has started itself.
    ///
    /// - Parameters:
    ///   - folder: where to run it. Arguments name files from there: the program has no rights by which root could go
    ///     through the folders of another user.
    ///   - limit: how long it may take, by the clock and of a processor. The default is 10 minutes.
    func run(
        _ arguments: [String], in folder: String, searching folders: [String] = Self.folders,
        limit: Duration = Self.timeLimit, limits: Limits = Limits(), isCancelled: CancellationCheck
    ) throws(ImagingError) {
        let path = try locate(in: folders)
        let seconds = UInt64(max(1, limit.components.seconds))
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw ImagingError(.programFailed, "cannot start \(path): \(String(cString: strerror(errno)))")
        }
        let (output, input) = (ends[0], ends[1])
        defer { close(output) }
        _ = fcntl(output, F_SETFD, FD_CLOEXEC)
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
        let id = start(path, arguments, in: folder, output: input, seconds, limits)
        close(input)
        guard id > 0 else {
            throw ImagingError(.programFailed, "cannot start \(path): \(String(cString: strerror(-id)))")
        }
        var said = Tail(length: Self.transcriptLength)
        let deadline = ContinuousClock.now + limit
        var reason: ImagingError?
        while !hasEnded(id) {
            said.take(from: output, milliseconds: 100)
            if ContinuousClock.now >= deadline {
                reason = timedOut("\(path) had not ended after \(seconds) seconds")
            } else if isCancelled() {
                reason = ImagingError(.cancelled, "the build was cancelled")
            }
            if reason != nil { break }
        }
        // The group keeps its number as long as the process has not been waited for.
        kill(-id, SIGKILL)
        let status = wait(for: id)
        if let reason { throw reason }
        said.take(from: output, milliseconds: 0)
        let signal = status & 0x7f
        guard status != 0 else { return }
        // Whichever of the two clocks is first, of the wall or of the processor, the reason is the same.
        if signal == SIGXCPU { throw timedOut("\(path) had worked for \(seconds) seconds of processor time") }
        let end =
            signal == 0
            ? "ended with status \(status >> 8 & 0xff)"
            : "was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
        throw ImagingError(
            .programFailed, "\(path) \(end): " + said.text.split(separator: "\n").suffix(5).joined(separator: "; "))
    }

    private func timedOut(_ fact: String) -> ImagingError {
        ImagingError(
            .programTimedOut,
            "\(fact) and was stopped; look for a disk that does not answer, or for an extension or release that is damaged"
        )
    }

    /// The new process' id, or a negative error number.
    private func start(
        _ path: String, _ arguments: [String], in folder: String, output: Int32, _ seconds: UInt64,
        _ limits: Limits
    ) -> pid_t {
        let environment = ["PATH=\(Self.folders.joined(separator: ":"))", "LC_ALL=C.UTF-8", "TZ=UTC"]
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var bounds = linux_program_limits(
            memory: limits.memory, file_size: limits.fileLength,
            seconds: seconds, descriptors: 256)
        return linux_spawn_confined(path, &words, &variables, folder, output, &bounds)
    }

    /// Whether the process has ended; it stays a zombie until it is waited for.
    private func hasEnded(_ id: pid_t) -> Bool {
        var information = siginfo_t()
        let result = waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT)
        if result != 0 { return errno != EINTR }
        return information.si_signo == SIGCHLD
    }

    private func wait(for id: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 {
            guard errno == EINTR else { return -1 }
        }
        return status
    }
}

/// The last bytes of what comes through a pipe.
private struct Tail {
    private let length: Int
    private var bytes: [UInt8] = []
    private var hasEnded = false

    init(length: Int) { self.length = length }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Takes what there is, and waits for it for up to `milliseconds`.
    mutating func take(from descriptor: Int32, milliseconds: Int32) {
        if hasEnded {
            // A program that has closed its output still works.
            if milliseconds > 0 { usleep(10_000) }
            return
        }
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard Glibc.poll(&poll, 1, milliseconds) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        // A pipe's content at most, so that a program that never stops talking cannot keep anybody here.
        for _ in 0..<16 {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else {
                hasEnded = count == 0
                return
            }
            bytes += buffer[..<count]
            bytes.removeFirst(max(0, bytes.count - length))
        }
    }
}

extension Imager {
    /// Which of the programs that extensions with kernel modules need are not installed: a sentence for each, with the
    /// package that has it.
    public static func missingPrograms() -> [String] { missingPrograms(searching: ExternalProgram.folders) }

    static func missingPrograms(searching folders: [String]) -> [String] {
        [ExternalProgram.unsquashfs, .depmod].compactMap { program in
            do throws(ImagingError) {
                _ = try program.locate(in: folders)
                return nil
            } catch {
                return error.message
            }
        }
    }
}

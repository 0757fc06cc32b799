import Glibc
import Programs

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
        guard let path = Program.locate(name, in: folders) else {
            throw ImagingError(
                .missingProgram,
                "the program '\(name)' is not installed, and kernel modules need it; on Debian, 'apt install \(package)'"
            )
        }
        return path
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
        let seconds = max(1, limit.components.seconds)
        var program = Program(
            path: path, arguments,
            environment: ["PATH=\(Self.folders.joined(separator: ":"))", "LC_ALL=C.UTF-8", "TZ=UTC"], in: folder)
        program.output = .last(Self.transcriptLength)
        program.confinement = .init(memory: limits.memory, fileLength: limits.fileLength)
        let outcome: Program.Outcome
        do {
            outcome = try program.run(within: limit, isCancelled: isCancelled)
        } catch {
            switch error {
            case .cancelled: throw ImagingError(.cancelled, "the build was cancelled")
            case .late: throw timedOut("\(path) had not ended after \(seconds) seconds")
            case .notStarted(let number):
                throw ImagingError(.programFailed, "cannot start \(path): \(String(cString: strerror(number)))")
            case .tooMuchOutput: throw ImagingError(.programFailed, "\(path): \(error)")
            }
        }
        let end: String
        switch outcome.end {
        case .status(0): return
        case .status(let status): end = "ended with status \(status)"
        // Whichever of the two clocks is first, of the wall or of the processor, the reason is the same.
        case .signal(SIGXCPU): throw timedOut("\(path) had worked for \(seconds) seconds of processor time")
        case .signal(let signal): end = "was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
        }
        let said = String(decoding: outcome.output, as: UTF8.self)
        throw ImagingError(
            .programFailed, "\(path) \(end): " + said.split(separator: "\n").suffix(5).joined(separator: "; "))
    }

    private func timedOut(_ fact: String) -> ImagingError {
        ImagingError(
            .programTimedOut,
            "\(fact) and was stopped; look for a disk that does not answer, or for an extension or release that is damaged"
        )
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

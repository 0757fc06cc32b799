import Foundation
import Glibc

/// A program that does what no library does. It is started without a shell.
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

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - folder: where to run it, and to leave what it says until it has ended.
    ///   - limit: how long it may take. The default is 10 minutes.
    func run(
        _ arguments: [String], in folder: String, searching folders: [String] = Self.folders,
        limit: Duration = Self.timeLimit, isCancelled: CancellationCheck
    ) throws(ImagingError) {
        let path = try locate(in: folders)
        let transcript = "\(folder)/\(name).log"
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.environment = ["PATH": Self.folders.joined(separator: ":"), "LC_ALL": "C.UTF-8", "TZ": "UTC"]
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        do {
            try Data().write(to: URL(filePath: transcript))
            let output = try FileHandle(forWritingTo: URL(filePath: transcript))
            defer { try? output.close() }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            process.standardError = output
            try process.run()
        } catch {
            throw ImagingError(.programFailed, "cannot start \(path): \(error)")
        }
        let deadline = ContinuousClock.now + limit
        while ended.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
            let isLate = ContinuousClock.now >= deadline
            guard isLate || isCancelled() else { continue }
            // Not SIGTERM: threads of a pool block it, and their children inherit that.
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            ended.wait()
            guard isLate else { throw ImagingError(.cancelled, "the build was cancelled") }
            throw ImagingError(
                .programTimedOut,
                "\(path) had not ended after \(limit.components.seconds) seconds and was stopped; look for a disk that "
                    + "does not answer, or for an extension or release that is damaged")
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let said =
                (try? String(decoding: Data(contentsOf: URL(filePath: transcript)).suffix(1000), as: UTF8.self)) ?? ""
            throw ImagingError(
                .programFailed,
                "\(path) ended with status \(process.terminationStatus): "
                    + said.split(separator: "\n").suffix(5).joined(separator: "; "))
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

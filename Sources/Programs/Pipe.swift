import CLinux
import Glibc

/// Two ends of a pipe, which programs that are started meanwhile do not inherit.
final class Pipe {
    /// What is read from; it never waits.
    let output: Int32
    /// What is written to.
    let input: Int32
    private var isInputOpen = true

    init() throws(Program.Failure) {
        var ends: [Int32] = [-1, -1]
        let result = linux_pipe(&ends)
        guard result == 0 else { throw .notStarted(-result) }
        (output, input) = (ends[0], ends[1])
    }

    /// A pipe that has all that its reader will get.
    convenience init(holding bytes: [UInt8]) throws(Program.Failure) {
        // More would wait for a reader that may never come.
        guard bytes.count <= Program.inputLimit else { throw .notStarted(E2BIG) }
        try self.init()
        guard bytes.isEmpty || write(input, bytes, bytes.count) == bytes.count else { throw .notStarted(errno) }
        closeInput()
    }

    deinit {
        closeInput()
        close(output)
    }

    /// Lets the reader find the end once the program has closed its own.
    func closeInput() {
        guard isInputOpen else { return }
        isInputOpen = false
        close(input)
    }
}

/// What has come through a pipe, as far as it is kept.
struct WrittenBytes {
    private let pipe: Pipe
    private let limit: Program.OutputLimit
    private(set) var bytes: [UInt8] = []
    /// Whether nobody can write to the pipe any more.
    private(set) var hasEnded = false

    init(_ pipe: Pipe, limit: Program.OutputLimit) {
        self.pipe = pipe
        self.limit = limit
        _ = fcntl(pipe.output, F_SETFL, O_NONBLOCK)
    }

    var descriptor: Int32 { pipe.output }

    /// Whether more has come than is taken.
    var isOverfull: Bool { if case .all(let most) = limit { bytes.count > most } else { false } }

    /// Takes what there is.
    mutating func take() {
        guard !hasEnded else { return }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        // A pipe's content at most, so that a program that never stops talking cannot keep anybody here.
        for _ in 0..<16 {
            guard !isOverfull else { return }
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else {
                hasEnded = count == 0
                return
            }
            bytes += buffer[..<count]
            if case .last(let length) = limit { bytes.removeFirst(max(0, bytes.count - length)) }
        }
    }
}

import Glibc

/// What a process has used, as Linux accounts it.
public struct ProcessAccount: Sendable {
    /// Its number.
    public let pid: Int32

    /// The account of a process.
    public init(pid: Int32) { self.pid = pid }

    /// User and system time in seconds of the process, of its descendants that live, and of those that ended and were waited
    /// for. Linux counts ticks, but makes them add up to what its scheduler measured.
    public func processorSeconds() throws -> Double {
        var children: [Int32: [Int32]] = [:]
        var ticks: [Int32: Double] = [:]
        for candidate in try Self.allProcesses() {
            guard let fields = Self.statistics(of: candidate), let parent = Int32(fields[1]) else { continue }
            children[parent, default: []].append(candidate)
            // utime, stime, cutime and cstime are fields 14 to 17 of proc(5); the first here is field 3.
            ticks[candidate] = fields[11...14].reduce(0) { $0 + (Double($1) ?? 0) }
        }
        guard ticks[pid] != nil else { throw Failure("process \(pid) has ended") }
        var total = 0.0
        var left = [pid]
        while let next = left.popLast() {
            total += ticks[next] ?? 0
            left += children[next] ?? []
        }
        return total / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory in bytes: now, and the most there ever was.
    public func residentMemory() throws -> (now: Double, peak: Double) {
        guard let text = readText("/proc/\(pid)/status") else { throw Failure("process \(pid) has ended") }
        func kibibytes(_ name: String) throws -> Double {
            for line in text.split(separator: "\n") where line.hasPrefix(name) {
                let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
                if words.count > 1, let number = Double(words[1]) { return number * 1024 }
            }
            throw Failure("/proc/\(pid)/status has no \(name)")
        }
        return (try kibibytes("VmRSS:"), try kibibytes("VmHWM:"))
    }

    private static func allProcesses() throws -> [Int32] {
        guard let folder = opendir("/proc") else { throw Failure.system("reading /proc") }
        defer { closedir(folder) }
        var found: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let number = Int32(name) { found.append(number) }
        }
        return found
    }

    /// The fields of /proc/PID/stat behind the name, which may itself hold spaces and parentheses.
    private static func statistics(of pid: Int32) -> [Substring]? {
        guard let text = readText("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 14 ? fields : nil
    }
}

/// A file's text, or nil when it cannot be read. Works for files under /proc, which have no size.
public func readText(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { return nil }
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer[..<count]
    }
}

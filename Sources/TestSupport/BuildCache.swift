import Foundation

/// A folder of finished things, each made once: a thing is made under a temporary name and appears by rename, whole or
/// not at all, so that an interrupted run leaves nothing half-made and two runs at once do not meet.
public struct BuildCache: Sendable {
    /// The folder's absolute path: the tools that fill it run in folders of their own.
    public let folder: String

    /// A cache in a folder, which is made; a relative path counts from the current folder.
    public init(folder: String) throws(TestSupportError) {
        let folder = URL(fileURLWithPath: folder).standardizedFileURL.path
        self.folder = folder
        try attempting("making the cache folder \(folder)") {
            let files = FileManager.default
            try files.createDirectory(atPath: "\(folder)/unfinished", withIntermediateDirectories: true)
            // What runs that were killed have left; their process id is the beginning of its name.
            for leftover in try files.contentsOfDirectory(atPath: "\(folder)/unfinished") {
                guard let owner = leftover.split(separator: "-").first.flatMap({ Int32($0) }), owner != getpid(),
                    kill(owner, 0) != 0, errno == ESRCH
                else { continue }
                try? files.removeItem(atPath: "\(folder)/unfinished/\(leftover)")
            }
        }
    }

    /// The path of the folder called `name`, made by `make` if it is not there yet.
    ///
    /// - Parameters:
    ///   - name: the thing's name, made of path components; it must change whenever its content would.
    ///   - make: fills the empty folder whose path it is given.
    public func folder(_ name: String, make: (String) throws -> Void) throws(TestSupportError) -> String {
        let finished = "\(folder)/\(name)"
        let files = FileManager.default
        if files.fileExists(atPath: finished) { return finished }
        let unfinished = "\(folder)/unfinished/\(getpid())-\(UUID().uuidString)"
        defer { try? files.removeItem(atPath: unfinished) }
        try attempting("making \(name)") {
            try files.createDirectory(atPath: unfinished, withIntermediateDirectories: true)
            try make(unfinished)
            let parent = URL(fileURLWithPath: finished).deletingLastPathComponent().path
            try files.createDirectory(atPath: parent, withIntermediateDirectories: true)
            // Another run may have finished the same thing meanwhile; its result is as good.
            if rename(unfinished, finished) != 0, !files.fileExists(atPath: finished) {
                throw TestSupportError(
                    "cannot rename \(unfinished) to \(finished): \(String(cString: strerror(errno)))")
            }
        }
        return finished
    }
}

/// Runs `body` and says in its error what was being done.
func attempting<Result>(_ what: String, _ body: () throws -> Result) throws(TestSupportError) -> Result {
    do {
        return try body()
    } catch let error as TestSupportError {
        throw TestSupportError("\(what): \(error.description)")
    } catch {
        throw TestSupportError("\(what): \(error.localizedDescription)")
    }
}

import Files
import SystemPackage

/// A file that a configuration names.
public enum RegularFile {
    /// Why it cannot be used.
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    /// What files said when a machines file was kept, by their paths; read in their place while it is read anew.
    @TaskLocal public static var kept: [String: [UInt8]]?

    /// The present state; nil when there is nothing.
    public static func state(of path: String) -> FileIdentity? { try? FileIdentity(at: path, followingLinks: true) }

    /// Whether nothing has this name, not even a link that leads nowhere.
    public static func isAbsent(_ path: String) -> Bool {
        do { _ = try FileIdentity(at: path) } catch { return error == .noSuchFileOrDirectory || error == .notDirectory }
        return false
    }

    /// Checks that the file is there, is a file, can be read, and is not longer than `limit` bytes.
    public static func check(_ path: String, limit: Int) throws(Failure) {
        if let kept {
            guard kept[path] != nil else { throw failure(.noSuchFileOrDirectory) }
            return
        }
        _ = try open(path, limit: limit)
    }

    /// The file's bytes, `limit` at most.
    public static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        if let kept {
            guard let content = kept[path] else { throw failure(.noSuchFileOrDirectory) }
            guard content.count <= limit else { throw tooLong(limit) }
            return content
        }
        let file = try open(path, limit: limit)
        // It may have grown since it was opened.
        guard let bytes = try reading({ () throws(Errno) in try file.bytes(upTo: limit) }) else { throw tooLong(limit) }
        return bytes
    }

    private static func open(_ path: String, limit: Int) throws(Failure) -> OwnedDescriptor {
        // Were it to wait, a FIFO of that name would stop us for ever.
        let file = try reading { () throws(Errno) in try OwnedDescriptor(opening: path, .readOnly, .nonBlocking) }
        let identity = try reading { () throws(Errno) in try FileIdentity(of: file.descriptor) }
        guard identity.isRegular else { throw Failure(description: "it is not a regular file") }
        guard identity.length <= UInt64(clamping: limit) else { throw tooLong(limit) }
        return file
    }

    private static func reading<Value: ~Copyable>(_ body: () throws(Errno) -> Value) throws(Failure) -> Value {
        do throws(Errno) { return try body() } catch { throw failure(error) }
    }

    private static func failure(_ error: Errno) -> Failure { Failure(description: error.description) }

    private static func tooLong(_ limit: Int) -> Failure { Failure(description: "it is longer than \(limit) bytes") }
}

/// File names as paths.
public enum FilePath {
    /// The folder that a file is in.
    public static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(decoding: path.utf8[..<slash], as: UTF8.self)
    }

    /// A path that a file in `folder` names.
    public static func resolve(_ path: String, in folder: String) -> String {
        let slash = UInt8(ascii: "/")
        return path.utf8.first == slash ? path : folder.utf8.last == slash ? folder + path : "\(folder)/\(path)"
    }
}

import Foundation

/// A folder being filled, every mode said outright: neither the umask nor the clock may show in the packed result.
struct FileTree: Sendable {
    /// The folder's path.
    let root: String

    /// A tree in a folder, which is made.
    init(at root: String) throws {
        self.root = root
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: root)
    }

    /// Makes a folder and those above it.
    func makeFolder(_ path: String) throws {
        var whole = root
        for part in path.split(separator: "/") {
            whole += "/\(part)"
            if FileManager.default.fileExists(atPath: whole) { continue }
            try FileManager.default.createDirectory(atPath: whole, withIntermediateDirectories: false)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: whole)
        }
    }

    /// Writes a file, and the folders above it.
    func write(_ path: String, _ bytes: some Sequence<UInt8>, mode: Int = 0o644) throws {
        try makeFolder(above: path)
        try Data(bytes).write(to: URL(fileURLWithPath: "\(root)/\(path)"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(root)/\(path)")
    }

    /// Writes a file of text.
    func write(_ path: String, _ text: String, mode: Int = 0o644) throws {
        try write(path, Array(text.utf8), mode: mode)
    }

    /// Copies a file's bytes.
    func copy(_ source: String, to path: String, mode: Int = 0o644) throws {
        try makeFolder(above: path)
        try FileManager.default.copyItem(atPath: source, toPath: "\(root)/\(path)")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(root)/\(path)")
    }

    /// Makes a symbolic link.
    func link(_ path: String, to target: String) throws {
        try makeFolder(above: path)
        try FileManager.default.createSymbolicLink(atPath: "\(root)/\(path)", withDestinationPath: target)
    }

    /// Everything in the tree, sorted by bytes, a folder before what is in it; the root itself is not listed.
    func names() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func makeFolder(above path: String) throws {
        try makeFolder(path.split(separator: "/").dropLast().joined(separator: "/"))
    }
}

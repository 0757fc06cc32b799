/// A file system whose tree has been checked and put in order, ready to be written.
///
///     superblock | data blocks and fragment blocks | inode table | directory table | fragment table | export table |
///     id table | extended attribute table | zeros to a multiple of 4096
///
/// SquashFS 4.0 (Linux Documentation/filesystems/squashfs.rst and fs/squashfs/squashfs_fs.h). Equal entries and an equal
/// compressor give equal bytes: names are sorted, and everything has one time.
public struct SquashFSPlan: Sendable {
    /// How many bytes of a file one block holds.
    public static let blockSize = 131_072
    /// How many bytes the superblock has, which is the first thing in the image and the last to be known.
    public static let superblockSize = 96

    /// Breadth first, so that a directory's members are next to each other and come after it.
    let nodes: [Node]
    let compression: SquashFSCompression
    /// Of everything, in seconds since 1970.
    let modificationTime: UInt32

    struct Node: Sendable {
        let entry: SquashFSEntry
        let name: [UInt8]
        let parent: Int
        var children: Range<Int>
        var subdirectoryCount: UInt32
    }

    /// Checks `entries`, which may come in any order.
    public init(
        _ entries: [SquashFSEntry], compression: SquashFSCompression, modificationTime: UInt32
    ) throws(SquashFSError) {
        self.compression = compression
        self.modificationTime = modificationTime
        guard entries.count < UInt32.max - 1 else { throw .tooLarge("entries") }
        // By the bytes of paths: texts that look alike are equal, and two names for all file systems.
        var members: [[UInt8]: [(name: [UInt8], entry: SquashFSEntry)]] = [:]
        var directories: Set<[UInt8]> = []
        var root: SquashFSEntry?
        for entry in entries {
            try Self.check(entry)
            if case .directory = entry.kind, !directories.insert(Array(entry.path.utf8)).inserted {
                throw .duplicatePath(entry.path)
            }
            if entry.path.isEmpty {
                guard case .directory = entry.kind else { throw .missingDirectory(path: "") }
                root = entry
                continue
            }
            let path = Array(entry.path.utf8)
            let slash = path.lastIndex(of: UInt8(ascii: "/"))
            let name = Array(slash.map { path[($0 + 1)...] } ?? path[...])
            guard (1...256).contains(name.count), name != [UInt8(ascii: ".")], name != Array("..".utf8),
                !name.contains(0)
            else { throw .invalidName(path: entry.path) }
            members[slash.map { Array(path[..<$0]) } ?? [], default: []].append((name, entry))
        }
        guard let root else { throw .missingDirectory(path: "") }
        for (directory, contents) in members where !directories.contains(directory) {
            throw .missingDirectory(path: contents.first?.entry.path ?? "")
        }

        var nodes = [Node(entry: root, name: [], parent: 0, children: 0..<0, subdirectoryCount: 0)]
        nodes.reserveCapacity(entries.count)
        var next = 0
        while next < nodes.count {
            let first = nodes.count
            if case .directory = nodes[next].entry.kind {
                let contents = (members[Array(nodes[next].entry.path.utf8)] ?? [])
                    .sorted { $0.name.lexicographicallyPrecedes($1.name) }
                for (name, entry) in contents {
                    if nodes.count > first, nodes[nodes.count - 1].name == name { throw .duplicatePath(entry.path) }
                    if case .directory = entry.kind { nodes[next].subdirectoryCount += 1 }
                    nodes.append(Node(entry: entry, name: name, parent: next, children: 0..<0, subdirectoryCount: 0))
                }
            }
            nodes[next].children = first..<nodes.count
            next += 1
        }
        self.nodes = nodes
    }

    private static func check(_ entry: SquashFSEntry) throws(SquashFSError) {
        switch entry.kind {
        case .directory: break
        case .file(let content):
            guard content.size < 1 << 32 else { throw .fileTooLarge(path: entry.path) }
        case .symbolicLink(let target):
            guard (1...4095).contains(target.utf8.count), !target.utf8.contains(0) else {
                throw .invalidLinkTarget(path: entry.path)
            }
        }
        for (name, value) in entry.extendedAttributes {
            guard AttributeName(name) != nil, value.count <= 65_536 else {
                throw .invalidAttribute(path: entry.path, name: name)
            }
        }
    }
}

/// The name of an extended attribute, split into the number of its namespace and the rest.
struct AttributeName {
    let namespace: UInt16
    let rest: [UInt8]

    init?(_ name: String) {
        let namespaces: [(String, UInt16)] = [("user.", 0), ("trusted.", 1), ("security.", 2)]
        guard let (prefix, namespace) = namespaces.first(where: { name.utf8.starts(with: $0.0.utf8) }) else {
            return nil
        }
        self.namespace = namespace
        rest = Array(name.utf8.dropFirst(prefix.utf8.count))
        guard (1...255).contains(rest.count), !rest.contains(0) else { return nil }
    }
}

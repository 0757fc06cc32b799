/// A file, directory or symbolic link of an image, in memory; contents are in a spool. Belongs to one build.
final class TreeNode {
    enum Kind {
        case directory
        case file(SpooledContent)
        case symbolicLink(target: String)
    }

    var kind: Kind
    var permissions: UInt32
    /// The SELinux label, the value of `security.selinux`.
    var label: [UInt8]?
    /// The layer that said last what this is; decides what a whiteout hides.
    var layer: Int
    /// Whether this directory is there only because something lies in it: no entry has told its mode.
    var isImplied = false
    /// The last layer that put something below this directory.
    var lastLayerWithin = 0
    /// The last layer whose whiteouts took what was older out of this directory.
    var lastLayerHidden = 0
    /// A directory's members.
    var children: [FileName: TreeNode] = [:]

    init(_ kind: Kind, permissions: UInt32, label: [UInt8]? = nil, layer: Int = 0) {
        self.kind = kind
        self.permissions = permissions
        self.label = label
        self.layer = layer
    }

    /// An empty directory.
    static func directory(permissions: UInt32 = 0o755) -> TreeNode { TreeNode(.directory, permissions: permissions) }

    var isDirectory: Bool {
        if case .directory = kind { true } else { false }
    }

    /// The members in the order of their names' bytes.
    var sortedChildren: [(name: FileName, node: TreeNode)] {
        children.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// What is at `path` below this directory; links are not followed.
    func descendant(_ path: some Sequence<FileName>) -> TreeNode? {
        var node = self
        for name in path {
            guard let next = node.children[name] else { return nil }
            node = next
        }
        return node
    }

    /// The directory at `path` below this one, made where it is missing.
    func makeDirectory(_ path: [FileName]) -> TreeNode {
        var node = self
        for name in path {
            if let next = node.children[name] {
                node = next
            } else {
                let next = TreeNode.directory()
                node.children[name] = next
                node = next
            }
        }
        return node
    }

    /// Calls `body` with everything below this directory, a directory before its members, in the order of names.
    func forEachDescendant(_ body: (_ path: String, _ node: TreeNode) throws -> Void) rethrows {
        try forEachDescendant(prefix: "", body)
    }

    private func forEachDescendant(prefix: String, _ body: (String, TreeNode) throws -> Void) rethrows {
        for (name, node) in sortedChildren {
            let path = prefix + name.text
            try body(path, node)
            if node.isDirectory { try node.forEachDescendant(prefix: path + "/", body) }
        }
    }

    /// What is at `path` below this directory with all links followed, as if this were the root of a file system; nil if
    /// there is nothing, if there are more than 40 links on the way (as in Linux), or if the way leads out of the root.
    ///
    /// - Parameter step: called for each name on the way. Links to links make that many more than are in `path`.
    func resolve(_ path: [FileName], step: () throws(ImagingError) -> Void = {}) throws(ImagingError) -> TreeNode? {
        var stack = [self]
        var rest = Array(path.reversed())
        var links = 0
        while let name = rest.popLast() {
            try step()
            if name == ".." {
                guard stack.count > 1 else { return nil }
                stack.removeLast()
                continue
            }
            guard let next = stack.last?.children[name] else { return nil }
            if case .symbolicLink(let target) = next.kind {
                links += 1
                guard links <= 40 else { return nil }
                if target.utf8.first == UInt8(ascii: "/") { stack = [self] }
                rest += FileName.components(of: target).reversed()
            } else {
                stack.append(next)
            }
        }
        return stack.last
    }
}

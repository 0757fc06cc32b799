/// What leaves an extension's root file system, because the kernel wants it earlier than the file system is there: CPU
/// microcode, which goes to the very front of the initramfs, and other firmware, which goes into it.
struct FirmwareSplit {
    /// Microcode for Intel's and for AMD's processors, to be put together in this order.
    private(set) var intelMicrocode: [SpooledContent] = []
    private(set) var amdMicrocode: [SpooledContent] = []
    /// The directory of firmware, with all links replaced by what they point to.
    private(set) var firmware: TreeNode?

    private let rootfs: TreeNode
    private let subject: String
    private let depth: Int
    private let maximumCopies: Int
    private let isCancelled: CancellationCheck
    private var copies = 0
    private var content: Allowance
    private var steps: Allowance

    /// Takes firmware out of `rootfs`.
    init(
        of rootfs: TreeNode, layout: FileLayout, limits: ExtractionLimits, subject: String,
        isCancelled: @escaping CancellationCheck
    ) throws(ImagingError) {
        self.rootfs = rootfs
        self.subject = subject
        self.isCancelled = isCancelled
        depth = limits.depth
        maximumCopies = limits.entries
        content = Allowance(limits.contentLength, "bytes of firmware, since links in it become copies")
        // A link of four thousand bytes has two thousand names, and may lead through forty others.
        steps = Allowance(
            UInt64(clamping: min(limits.entries, 1 << 40) * 64), "names on the way of links in its firmware")
        guard let parent = rootfs.descendant(layout.libraryPath), parent.children["firmware"] != nil else { return }
        let path = layout.firmwarePath
        guard let source = try resolve(path), source.isDirectory else {
            throw fail("'rootfs/\(path.path)' has to be a directory")
        }
        intelMicrocode = try takeMicrocode(source, path, "intel-ucode") { _ in true }
        amdMicrocode = try takeMicrocode(source, path, "amd-ucode") {
            $0.starts(with: "microcode_amd".utf8) && $0.reversed().starts(with: ".bin".utf8.reversed())
        }
        firmware = try copy(source, path)
        // Where it is a link, what it leads to stays.
        parent.children["firmware"] = nil
    }

    private func fail(_ reason: String) -> ImagingError { ImagingError(.invalidExtension, "\(subject): \(reason)") }

    /// What is at `path` with links followed.
    private mutating func resolve(_ path: [FileName]) throws(ImagingError) -> TreeNode? {
        try ImagingError.check(isCancelled)
        let subject = subject
        return try rootfs.resolve(path) { () throws(ImagingError) in try steps.take(1, subject) }
    }

    private mutating func takeMicrocode(
        _ firmware: TreeNode, _ path: [FileName], _ name: FileName, _ isMicrocode: ([UInt8]) -> Bool
    ) throws(ImagingError) -> [SpooledContent] {
        guard let directory = firmware.children[name], directory.isDirectory else { return [] }
        var contents: [SpooledContent] = []
        let found = directory.sortedChildren.filter { isMicrocode($0.name.bytes) }
        for (file, _) in found {
            guard case .file(let microcode)? = try resolve(path + [name, file])?.kind else {
                throw fail("'rootfs/\((path + [name, file]).path)' has to be a file")
            }
            try content.take(microcode.size, subject)
            contents.append(microcode)
        }
        // Only now, since one may be a link to another.
        for (file, _) in found { directory.children[file] = nil }
        return contents
    }

    /// A copy of `node` in which links have become what they point to. A link in a loop of directories would never end
    /// but for the limits.
    private mutating func copy(_ node: TreeNode, _ path: [FileName]) throws(ImagingError) -> TreeNode {
        try ImagingError.check(isCancelled)
        copies += 1
        guard copies <= maximumCopies, path.count <= depth else {
            throw fail("'rootfs/\(path.prefix(8).path)' has links that lead in circles")
        }
        // Nobody but root writes to firmware, and it is not run.
        let permissions = node.permissions & 0o755
        switch node.kind {
        case .file(let file):
            try content.take(file.size, subject)
            return TreeNode(node.kind, permissions: permissions)
        case .symbolicLink(let target):
            guard let resolved = try resolve(path) else {
                throw fail(
                    "'rootfs/\(path.path)' is a link to '\(target.prefix(200))', which leads nowhere in the extension")
            }
            return try copy(resolved, path)
        case .directory:
            let directory = TreeNode(.directory, permissions: permissions)
            for (name, child) in node.sortedChildren {
                directory.children[name] = try copy(child, path + [name])
            }
            return directory
        }
    }
}

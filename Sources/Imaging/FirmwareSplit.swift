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
    private var copies = 0
    private let maximumCopies: Int

    /// Takes firmware out of `rootfs`.
    init(of rootfs: TreeNode, layout: FileLayout, limits: ExtractionLimits, subject: String) throws(ImagingError) {
        self.rootfs = rootfs
        self.subject = subject
        maximumCopies = limits.entries
        guard let parent = rootfs.descendant(layout.libraryPath), let source = parent.children["firmware"] else {
            return
        }
        let path = layout.firmwarePath
        guard source.isDirectory else {
            throw fail("'rootfs/\(path.joined(separator: "/"))' has to be a directory")
        }
        intelMicrocode = try takeMicrocode(path + ["intel-ucode"]) { _ in true }
        amdMicrocode = try takeMicrocode(path + ["amd-ucode"]) {
            $0.hasPrefix("microcode_amd") && $0.hasSuffix(".bin")
        }
        firmware = try copy(source, path, depth: limits.depth)
        parent.children["firmware"] = nil
    }

    private func fail(_ reason: String) -> ImagingError { ImagingError(.invalidExtension, "\(subject): \(reason)") }

    private func takeMicrocode(
        _ path: [String], _ isMicrocode: (String) -> Bool
    ) throws(ImagingError) -> [SpooledContent] {
        guard let directory = rootfs.descendant(path), directory.isDirectory else { return [] }
        var contents: [SpooledContent] = []
        let found = directory.sortedChildren.filter { isMicrocode($0.name) }
        for (name, _) in found {
            guard case .file(let content)? = rootfs.resolve(path + [name])?.kind else {
                throw fail("'rootfs/\((path + [name]).joined(separator: "/"))' has to be a file")
            }
            contents.append(content)
        }
        // Only now, since one may be a link to another.
        for (name, _) in found { directory.children[name] = nil }
        return contents
    }

    /// A copy of `node` in which links have become what they point to. A link in a loop of directories would never end
    /// but for the limits.
    private mutating func copy(_ node: TreeNode, _ path: [String], depth: Int) throws(ImagingError) -> TreeNode {
        copies += 1
        guard copies <= maximumCopies, path.count <= depth else {
            throw fail("'rootfs/\(path.prefix(8).joined(separator: "/"))' has links that lead in circles")
        }
        switch node.kind {
        case .file:
            return TreeNode(node.kind, permissions: node.permissions)
        case .symbolicLink(let target):
            guard let resolved = rootfs.resolve(path) else {
                throw fail(
                    "'rootfs/\(path.joined(separator: "/"))' is a link to '\(target.prefix(200))', which leads nowhere "
                        + "in the extension")
            }
            return try copy(resolved, path, depth: depth)
        case .directory:
            let directory = TreeNode(.directory, permissions: node.permissions)
            for (name, child) in node.sortedChildren {
                directory.children[name] = try copy(child, path + [name], depth: depth)
            }
            return directory
        }
    }
}

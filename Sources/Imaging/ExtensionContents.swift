/// What an extension's image holds, after the layers have been laid over one another: `manifest.yaml` and `rootfs`.
struct ExtensionContents {
    /// The text of `manifest.yaml`.
    let manifest: [UInt8]
    /// What is laid over the machine's root file system.
    let rootfs: TreeNode

    private static let maximumManifestLength: UInt64 = 1 << 20
    private static let names: Set<FileName> = ["manifest.yaml", "rootfs"]

    /// Checks the top level of `root`.
    init(_ root: TreeNode, spool: Spool, subject: String) throws(ImagingError) {
        func fail(_ reason: String) -> ImagingError { ImagingError(.invalidExtension, "\(subject): \(reason)") }
        guard let manifest = root.children["manifest.yaml"], case .file(let content) = manifest.kind else {
            throw fail("it has no file 'manifest.yaml'")
        }
        guard let rootfs = root.children["rootfs"], rootfs.isDirectory else {
            throw fail("it has no directory 'rootfs'")
        }
        if let other = root.sortedChildren.first(where: { !Self.names.contains($0.name) }) {
            throw fail("it has '\(other.name.text.prefix(200))' besides 'manifest.yaml' and 'rootfs'")
        }
        guard content.size <= Self.maximumManifestLength else {
            throw fail("its manifest.yaml is longer than \(Self.maximumManifestLength) bytes")
        }
        self.manifest = try explaining(subject) { try spool.bytes(of: content) }
        self.rootfs = rootfs
    }
}

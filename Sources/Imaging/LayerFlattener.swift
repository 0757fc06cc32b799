import Compositions
import Compression
import Stores
import TarArchives

/// Lays an image's layers over one another in memory: later layers replace and hide what is in earlier ones (OCI image
/// specification, "Image Layer Filesystem Changeset").
///
/// Nothing is unpacked to the disk under a name that the image chose, so that no name can lead anywhere. Names that begin
/// with a slash begin at the image's root. What the specification leaves open is as in the images of Talos' own imager:
/// of two entries for one path in a layer the first counts, what lies below a link or a file of its own layer is left out,
/// and a device is an empty file. A hard link has its file's content, which the imager loses.
final class LayerFlattener {
    /// The image as far as it has been read.
    let root = TreeNode.directory()

    private let subject: String
    private let spool: Spool
    private let limits: ExtractionLimits
    private let isCancelled: CancellationCheck
    private var layer = 0
    private var entries = 0
    private var content: Allowance
    private var nodes: Allowance
    private var text: Allowance
    /// Hard links that wait for their files, by their nodes, and in which order they came.
    private var links: [ObjectIdentifier: WaitingLink] = [:]
    private var waitingLinks: [ObjectIdentifier] = []
    /// The file whose content comes by.
    private var open: TreeNode?

    /// - Parameter subject: what errors call the image.
    init(subject: String, spool: Spool, limits: ExtractionLimits, isCancelled: @escaping CancellationCheck) {
        self.subject = subject
        self.spool = spool
        self.limits = limits
        self.isCancelled = isCancelled
        content = Allowance(limits.contentLength, "bytes of content")
        nodes = Allowance(UInt64(clamping: limits.entries), "files and directories")
        text = Allowance(limits.textLength, "bytes of names, link targets and labels")
    }

    /// Lays `file`, a tar archive that may be compressed, over what there is.
    func apply(_ file: StoredFile) throws(ImagingError) {
        layer += 1
        var tarLimits = TarLimits()
        tarLimits.entries = limits.entries - entries
        tarLimits.pathLength = limits.pathLength
        tarLimits.contentLength = content.remaining
        let reader = TarReader(limits: tarLimits)
        // Headers and padding come on top of the content.
        let (sum, overflow) = limits.contentLength.addingReportingOverflow(4 << 30)
        let outputLimit = overflow ? .max : sum
        do {
            var decompressor: Decompressor?
            var isFirst = true
            func take(_ bytes: UnsafeRawBufferPointer) throws {
                try ImagingError.check(isCancelled)
                try reader.write(bytes) { try handle($0) }
            }
            try file.read { piece in
                try ImagingError.check(isCancelled)
                if isFirst {
                    isFirst = false
                    if let format = CompressionFormat(sniffing: piece.prefix(CompressionFormat.magicLength)) {
                        decompressor = try Decompressor(format, outputLimit: outputLimit)
                    }
                }
                if let decompressor { try decompressor.write(piece, to: take) } else { try take(piece) }
            }
            try decompressor?.finish(to: take)
            try reader.finish()
            try settleLinks()
        } catch let error as TarError {
            if case .limitExceeded = error { throw fail(.limitExceeded, "\(error)") }
            throw fail(.invalidExtension, "layer \(layer): \(error)")
        } catch let error as CompressionError {
            if case .outputLimitExceeded = error { throw fail(.limitExceeded, "\(error)") }
            throw fail(.invalidExtension, "layer \(layer): \(error)")
        } catch {
            throw ImagingError(error, while: subject)
        }
    }

    private func fail(_ code: ImagingError.Code, _ reason: String) -> ImagingError {
        ImagingError(code, "\(subject): \(reason)")
    }

    private func refuse(_ path: String, _ reason: String) -> ImagingError {
        fail(.invalidExtension, "entry '\(path.prefix(200))' is refused: \(reason)")
    }

    private func handle(_ event: TarEvent) throws {
        switch event {
        case .entry(let entry):
            entries += 1
            try content.take(entry.size, subject)
            try begin(entry)
        case .data(let bytes):
            if open != nil { try spool.append(bytes) }
        case .end:
            if let node = open.take() { node.kind = .file(spool.finish()) }
        }
    }

    private func begin(_ entry: TarEntry) throws(ImagingError) {
        let components = try components(of: entry.path)
        guard let name = components.last else {
            guard entry.kind == .directory else { throw refuse(entry.path, "the root has to be a directory") }
            return
        }
        let parentPath = components.dropLast()
        guard parentPath.allSatisfy({ $0.hiddenByWhiteout == nil }) else {
            throw refuse(entry.path, "a whiteout is not a directory")
        }
        if let hidden = name.hiddenByWhiteout { return whiteout(hidden, in: parentPath) }
        guard let parent = try parent(parentPath, of: entry.path) else { return }
        let node = try node(of: entry, pathLength: components.reduce(0) { $0 + $1.bytes.count + 1 })
        if let old = parent.children[name] {
            if node.isDirectory, old.isDirectory {
                guard old.layer < layer || old.isImplied else { return }
                // Members stay.
                old.permissions = node.permissions
                old.label = node.label
                old.layer = layer
                old.isImplied = false
                return
            }
            guard old.layer < layer, old.lastLayerWithin < layer else { return }
        }
        parent.children[name] = node
        switch entry.kind {
        case .file, .other:
            spool.begin()
            open = node
        case .hardLink(let target):
            let path = try self.components(of: target)
            if let original = root.descendant(path), original !== node, links[ObjectIdentifier(original)] == nil {
                try link(node, to: original, from: entry.path, target)
            } else {
                // Its file may come later.
                try text.take(UInt64(entry.path.utf8.count + target.utf8.count), subject)
                links[ObjectIdentifier(node)] = WaitingLink(
                    node: node, path: entry.path, target: path, targetText: target)
                waitingLinks.append(ObjectIdentifier(node))
            }
        case .directory, .symbolicLink: break
        }
    }

    /// What `entry` stands for. Files have no content yet: it takes its place when it is complete.
    private func node(of entry: TarEntry, pathLength: Int) throws(ImagingError) -> TreeNode {
        let empty = TreeNode.Kind.file(SpooledContent(id: -1, offset: 0, size: 0))
        let node: TreeNode
        switch entry.kind {
        case .directory: node = TreeNode(.directory, permissions: entry.mode & 0o777 | 0o700)
        case .file, .hardLink, .other: node = TreeNode(empty, permissions: entry.mode & 0o7777)
        case .symbolicLink(let target):
            guard (1...4095).contains(target.utf8.count) else { throw refuse(entry.path, "its target is too long") }
            node = TreeNode(.symbolicLink(target: target), permissions: 0o777)
            try text.take(UInt64(target.utf8.count), subject)
        }
        if let label = entry.extendedAttributes["security.selinux"] {
            guard label.count <= 4096 else { throw refuse(entry.path, "its SELinux label is too long") }
            if !label.isEmpty { node.label = label }
            try text.take(UInt64(label.count), subject)
        }
        node.layer = layer
        try count(pathLength: pathLength)
        return node
    }

    private func count(pathLength: Int) throws(ImagingError) {
        try nodes.take(1, subject)
        try text.take(UInt64(pathLength), subject)
    }

    /// The names in a path, from the image's root.
    private func components(of path: String) throws(ImagingError) -> [FileName] {
        var components: [FileName] = []
        for name in FileName.components(of: path) {
            if name == ".." {
                guard components.popLast() != nil else { throw refuse(path, "its path climbs out with '..'") }
                continue
            }
            guard name.bytes.count <= 255 else { throw refuse(path, "a name in it is too long") }
            components.append(name)
        }
        guard components.count <= limits.depth else {
            throw refuse(path, "it is more than \(limits.depth) directories deep")
        }
        return components
    }

    /// The directory at `path`, or nil if it lies below a file or link of the same layer. Directories that have no entry
    /// of their own are made for their owner alone, as Talos' imager makes them.
    private func parent(_ path: ArraySlice<FileName>, of entry: String) throws(ImagingError) -> TreeNode? {
        var node = root
        var length = 0
        for name in path {
            node.lastLayerWithin = layer
            length += name.bytes.count + 1
            if let next = node.children[name] {
                if !next.isDirectory {
                    guard next.layer < layer else { return nil }
                    throw refuse(entry, "'\(name.text)' in its path is not a directory")
                }
                node = next
            } else {
                try count(pathLength: length)
                let next = TreeNode.directory(permissions: 0o700)
                next.layer = layer
                next.isImplied = true
                node.children[name] = next
                node = next
            }
        }
        node.lastLayerWithin = layer
        return node
    }

    /// Hides what earlier layers have: a name, or with `.wh..opq` everything in the directory. A whiteout of something
    /// that is not there hides nothing.
    private func whiteout(_ name: FileName, in path: ArraySlice<FileName>) {
        guard let parent = root.descendant(path), parent.isDirectory else { return }
        if name == ".wh..opq" {
            hideMembers(of: parent)
        } else if let node = parent.children[name] {
            if hides(node) { parent.children[name] = nil }
        }
    }

    private func hideMembers(of directory: TreeNode) {
        // Once a layer: what came since is of this layer, and looking again and again would take for ever.
        guard directory.lastLayerHidden < layer else { return }
        directory.lastLayerHidden = layer
        for (name, node) in directory.children where hides(node) { directory.children[name] = nil }
    }

    /// Removes what is older than this layer from `node`, and tells whether nothing is left of it.
    private func hides(_ node: TreeNode) -> Bool {
        if node.isDirectory { hideMembers(of: node) }
        return node.layer < layer && node.children.isEmpty
    }

    // MARK: - Hard links

    /// Makes `node` another name of `original`, as tar means it.
    private func link(_ node: TreeNode, to original: TreeNode, from path: String, _ target: String) throws(ImagingError)
    {
        switch original.kind {
        case .directory: throw refuse(path, "it is a hard link to '\(target.prefix(200))', which is a directory")
        case .file(let file): try content.take(file.size, subject)
        case .symbolicLink(let target): try text.take(UInt64(target.utf8.count), subject)
        }
        node.kind = original.kind
        node.permissions = original.permissions
        node.label = node.label ?? original.label
    }

    /// Resolves the links whose files came after them in the layer.
    private func settleLinks() throws(ImagingError) {
        for first in waitingLinks {
            guard let link = links.removeValue(forKey: first) else { continue }
            // Links to links that wait as well, the nearest to the file last.
            var chain = [link]
            var seen: Set<ObjectIdentifier> = [first]
            var original = root.descendant(link.target)
            while let next = original, let link = links.removeValue(forKey: ObjectIdentifier(next)) {
                chain.append(link)
                seen.insert(ObjectIdentifier(next))
                original = root.descendant(link.target)
            }
            guard let original, !seen.contains(ObjectIdentifier(original)) else {
                throw refuse(
                    chain[chain.count - 1].path,
                    "it is a hard link to '\(chain[chain.count - 1].targetText.prefix(200))', which is no file")
            }
            for link in chain.reversed() {
                try self.link(link.node, to: original, from: link.path, link.targetText)
            }
        }
        waitingLinks = []
    }
}

/// A hard link whose file has not come yet.
private struct WaitingLink {
    let node: TreeNode
    let path: String
    let target: [FileName]
    let targetText: String
}

import Compositions
import Compression
import Stores
import TarArchives

/// Lays an image's layers over one another in memory: later layers replace and hide what is in earlier ones (OCI image
/// specification, "Image Layer Filesystem Changeset").
///
/// Nothing is unpacked to the disk under a name that the image chose, so that no name can lead anywhere. What is absolute,
/// climbs out with `..`, goes through a link, or is a device is refused all the same: no honest image has it.
final class LayerFlattener {
    /// The image as far as it has been read.
    let root = TreeNode.directory()

    private let subject: String
    private let spool: Spool
    private let limits: ExtractionLimits
    private let isCancelled: CancellationCheck
    private var layer = 0
    private var entries = 0
    private var contentLength: UInt64 = 0
    /// The file whose content comes by.
    private var open: TreeNode?

    /// - Parameter subject: what errors call the image.
    init(subject: String, spool: Spool, limits: ExtractionLimits, isCancelled: @escaping CancellationCheck) {
        self.subject = subject
        self.spool = spool
        self.limits = limits
        self.isCancelled = isCancelled
    }

    /// Lays `file`, a tar archive that may be compressed, over what there is.
    func apply(_ file: StoredFile) throws(ImagingError) {
        layer += 1
        var tarLimits = TarLimits()
        tarLimits.entries = limits.entries - entries
        tarLimits.pathLength = limits.pathLength
        tarLimits.contentLength = limits.contentLength - contentLength
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
            contentLength += entry.size
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
        if name.hasPrefix(".wh.") { return try whiteout(String(name.dropFirst(4)), in: parentPath) }
        guard !parentPath.contains(where: { $0.hasPrefix(".wh.") }) else {
            throw refuse(entry.path, "a whiteout is not a directory")
        }
        let node: TreeNode
        switch entry.kind {
        case .directory: node = TreeNode(.directory, permissions: entry.mode & 0o7777 | 0o700)
        case .file:
            // The content takes this one's place when it is complete.
            node = TreeNode(.file(SpooledContent(id: -1, offset: 0, size: 0)), permissions: entry.mode & 0o7777)
        case .symbolicLink(let target):
            guard (1...4095).contains(target.utf8.count) else { throw refuse(entry.path, "its target is too long") }
            node = TreeNode(.symbolicLink(target: target), permissions: 0o777)
        case .hardLink(let target):
            // Another name of the same file, as tar means it.
            guard let original = root.descendant(try self.components(of: target)), case .file = original.kind,
                original !== open
            else { throw refuse(entry.path, "it is a hard link to '\(target.prefix(200))', which is no file") }
            node = TreeNode(original.kind, permissions: original.permissions, label: original.label)
        case .other: throw refuse(entry.path, "it is a device or another special file")
        }
        if let label = entry.extendedAttributes["security.selinux"] {
            guard label.count <= 4096 else { throw refuse(entry.path, "its SELinux label is too long") }
            if !label.isEmpty { node.label = label }
        }
        node.layer = layer
        let parent = try parent(parentPath, of: entry.path)
        if let old = parent.children[name] {
            if node.isDirectory, old.isDirectory {
                // Members stay.
                old.permissions = node.permissions
                old.label = node.label
                old.layer = layer
                return
            }
            guard old.layer < layer else { throw refuse(entry.path, "it occurs twice in a layer") }
        }
        parent.children[name] = node
        if case .file = entry.kind {
            spool.begin()
            open = node
        }
    }

    /// The names in a path.
    private func components(of path: String) throws(ImagingError) -> [String] {
        guard !path.hasPrefix("/") else { throw refuse(path, "its path is absolute") }
        let components = path.split(separator: "/").filter { $0 != "." }.map(String.init)
        guard !components.contains("..") else { throw refuse(path, "its path goes through '..'") }
        guard components.allSatisfy({ $0.utf8.count <= 255 }) else { throw refuse(path, "a name in it is too long") }
        guard components.count <= limits.depth else {
            throw refuse(path, "it is more than \(limits.depth) directories deep")
        }
        return components
    }

    /// The directory at `path`. Directories that have no entry of their own are made as the usual ones.
    private func parent(_ path: ArraySlice<String>, of entry: String) throws(ImagingError) -> TreeNode {
        var node = root
        for name in path {
            if let next = node.children[name] {
                guard next.isDirectory else { throw refuse(entry, "'\(name)' in its path is not a directory") }
                node = next
            } else {
                let next = TreeNode.directory()
                next.layer = layer
                node.children[name] = next
                node = next
            }
        }
        return node
    }

    /// Hides what earlier layers have: a name, or with `.wh..opq` everything in the directory. A whiteout of something
    /// that is not there hides nothing.
    private func whiteout(_ name: String, in path: ArraySlice<String>) throws(ImagingError) {
        guard let parent = root.descendant(Array(path)), parent.isDirectory else { return }
        if name == ".wh..opq" {
            hideMembers(of: parent)
        } else if let node = parent.children[name] {
            if hides(node) { parent.children[name] = nil }
        }
    }

    private func hideMembers(of directory: TreeNode) {
        for (name, node) in directory.children where hides(node) { directory.children[name] = nil }
    }

    /// Removes what is older than this layer from `node`, and tells whether nothing is left of it.
    private func hides(_ node: TreeNode) -> Bool {
        if node.isDirectory { hideMembers(of: node) }
        return node.layer < layer && node.children.isEmpty
    }
}

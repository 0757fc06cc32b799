import Compositions
import Digests
import OCIModel
import Stores
import TalosModel
import TarArchives

/// What a release's images hold that is kept, found by reading their layers from the top down as one file system, with
/// whiteouts (OCI image specification, layer.md). Nothing is unpacked: a layer can't write anywhere.
struct FlattenedImage {
    /// Boot files by architecture and name.
    var bootFiles: [Architecture: [BootFileName: StagedBlob]] = [:]
    /// The catalogs' lists by file name.
    var lists: [String: [UInt8]] = [:]
    /// The names at the root of the file system; further ones are not collected once there are too many for any kind that
    /// is told by them.
    var rootNames: Set<String> = []

    static let maximumRootNames = 256
    static let listNames = ["image-digests", "descriptions.yaml", "overlays.yaml"]
}

/// The boot files of an imager image, below `usr/install/<architecture>/`.
enum BootFileName: String, Hashable, Sendable, CaseIterable, Codable {
    case kernel = "vmlinuz"
    case initramfs = "initramfs.xz"
    case systemdStub = "systemd-stub.efi"
    case systemdBoot = "systemd-boot.efi"
    case billOfMaterials = "talos.spdx.json"
}

/// Reads one image's layers.
struct ImageFlattener {
    let store: EmbeddedStore
    let limits: ImportLimits
    let progress: ProgressMeter

    /// What a path is wanted as.
    private enum Wanted {
        case bootFile(Architecture, BootFileName)
        case list(String)
    }

    /// Reads `layers`, the lowest first, each with the digest that its unpacked bytes must have.
    func flatten(_ layers: [(blob: StagedBlob, diffID: Digest)]) throws(ReleaseError) -> FlattenedImage {
        var wanted: [String: Wanted] = [:]
        for architecture in Architecture.allCases {
            for name in BootFileName.allCases {
                wanted["usr/install/\(architecture)/\(name.rawValue)"] = .bootFile(architecture, name)
            }
        }
        for name in FlattenedImage.listNames { wanted[name] = .list(name) }
        var image = FlattenedImage()
        // The wanted paths and all folders above them: only these need remembering when something hides what lies below.
        var relevant = Set(wanted.keys)
        for path in wanted.keys {
            var folder = path[...]
            while let slash = folder.lastIndex(of: "/") {
                folder = folder[..<slash]
                relevant.insert(String(folder))
            }
        }
        var hiddenRoots: Set<String> = []
        var isRootHidden = false
        for layer in layers.reversed() {
            var hidden: Set<String> = []
            var hidesRoot = false
            var found: Set<String> = []
            var writer: BlobWriter?
            var target: Wanted?
            try read(layer.blob, expecting: layer.diffID) { event in
                switch event {
                case .entry(let entry):
                    let path = try safePath(entry.path, in: "layer \(layer.blob.file.digest)")
                    if path.isEmpty { return }
                    let parts = path.split(separator: "/", maxSplits: 1)
                    let name = path.split(separator: "/").last.map(String.init) ?? path
                    let parent = String(path.dropLast(name.count))
                    if name == ".wh..wh..opq" {
                        if parent.isEmpty { hidesRoot = true }
                        let folder = String(parent.dropLast())
                        if relevant.contains(folder) { hidden.insert(folder) }
                        return
                    }
                    if name.hasPrefix(".wh.") {
                        let hiddenPath = parent + name.dropFirst(4)
                        if parent.isEmpty || relevant.contains(hiddenPath) { hidden.insert(hiddenPath) }
                        guard hidden.count <= 10_000 else {
                            throw ReleaseError(.limit, "layer \(layer.blob.file.digest) hides more than 10000 names")
                        }
                        return
                    }
                    let root = String(parts[0])
                    if !isRootHidden, !hiddenRoots.contains(root),
                        image.rootNames.count < FlattenedImage.maximumRootNames
                    {
                        image.rootNames.insert(root)
                    }
                    guard entry.kind != .directory else { return }
                    if relevant.contains(path) { hidden.insert(path) }
                    guard let match = wanted[path] else { return }
                    guard found.insert(path).inserted else {
                        throw ReleaseError(.layer, "layer \(layer.blob.file.digest) holds '\(path)' twice")
                    }
                    // A link or device in a wanted place is not followed; the image then lacks the file.
                    guard entry.kind == .file else { return }
                    switch match {
                    case .bootFile: writer = try store.writer(limit: limits.bootFileBytes)
                    case .list(let name):
                        guard entry.size <= UInt64(limits.catalogBytes) else {
                            throw ReleaseError(
                                .limit, "'\(name)' is longer than the \(limits.catalogBytes) bytes allowed")
                        }
                        image.lists[name] = []
                    }
                    target = match
                case .data(let bytes):
                    switch target {
                    case .bootFile: try writer?.write(bytes)
                    case .list(let name): image.lists[name]?.append(contentsOf: bytes)
                    case nil: break
                    }
                case .end:
                    if case .bootFile(let architecture, let name) = target, let finished = writer {
                        image.bootFiles[architecture, default: [:]][name] = try store.finish(finished)
                    }
                    writer = nil
                    target = nil
                }
            }
            // Whiteouts and whatever is not a directory hide what lies below, in lower layers only.
            for path in hidden {
                if !path.contains("/") { hiddenRoots.insert(path) }
                wanted[path] = nil
            }
            wanted = wanted.filter { path, _ in !path.hasParent(in: hidden) }
            if hidesRoot {
                isRootHidden = true
                wanted = [:]
            }
        }
        return image
    }

    /// Reads a layer's archive and checks what it unpacks to.
    private func read(
        _ blob: StagedBlob, expecting diffID: Digest, _ handler: (TarEvent) throws -> Void
    ) throws(ReleaseError) {
        var tarLimits = TarLimits()
        tarLimits.contentLength = limits.layerBytes
        tarLimits.entries = limits.layerEntries
        let hash = UnpackedHash()
        var stream = TarStream(limits: tarLimits, outputLimit: limits.layerBytes)
        stream.observe = { hash.hasher.update($0) }
        do {
            try stream.read(blob.file.read, progress: progress, handler)
        } catch {
            throw ReleaseError(error, reading: "layer \(blob.file.digest)")
        }
        let found = hash.finish()
        guard found == diffID else {
            throw ReleaseError(
                .layer,
                "layer \(blob.file.digest) unpacks to \(found), and the image's configuration promises \(diffID)")
        }
    }
}

/// A hasher that a closure can hold.
private final class UnpackedHash {
    var hasher = SHA256Hasher()

    func finish() -> Digest {
        var last = SHA256Hasher()
        swap(&last, &hasher)
        return last.finalize()
    }
}

extension String {
    /// Whether some folder above this path is in `folders`.
    fileprivate func hasParent(in folders: Set<String>) -> Bool {
        var path = self[...]
        while let slash = path.lastIndex(of: "/") {
            path = path[..<slash]
            if folders.contains(String(path)) { return true }
        }
        return false
    }
}

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

    mutating func keep(_ content: KeptContent, as file: WantedFile) {
        switch (file, content) {
        case (.bootFile(let architecture, let name), .blob(let blob)):
            bootFiles[architecture, default: [:]][name] = blob
        case (.list(let name), .text(let text)): lists[name] = text
        default: break
        }
    }
}

/// The boot files of an imager image, below `usr/install/<architecture>/`.
public enum BootFileName: String, Hashable, Sendable, CaseIterable, Codable {
    /// The kernel.
    case kernel = "vmlinuz"
    /// The initramfs, whatever its compression is: look at its first bytes.
    case initramfs = "initramfs.xz"
    /// The stub of unified kernel images, from Talos 1.5.
    case systemdStub = "systemd-stub.efi"
    /// The boot loader for UEFI, from Talos 1.5.
    case systemdBoot = "systemd-boot.efi"
    /// The bill of materials, from Talos 1.11.
    case billOfMaterials = "talos.spdx.json"
}

/// Reads images' layers.
struct ImageFlattener {
    let store: EmbeddedStore
    let limits: ImportLimits
    let progress: ProgressMeter
    let budget: UnpackingBudget

    /// A layer and the digest that its unpacked bytes must have.
    typealias Layer = (blob: StagedBlob, diffID: Digest)

    /// Where a wanted file is looked for.
    private struct Search {
        var path: [UInt8]
        /// What is taken if the layers that are left have nothing there.
        var fallback: KeptContent?
    }

    /// How many hard links may lead from one to the next within a layer.
    private static let longestChain = 8

    /// Reads `layers`, the lowest first.
    ///
    /// A layer is taken as container runtimes unpack it: an absolute name is one below the image's root, of two entries with
    /// one name the later counts, and a hard link is what its target was when the link was made. Where that was nothing, the
    /// target that comes behind the link is taken.
    func flatten(_ layers: [Layer]) throws(ReleaseError) -> FlattenedImage {
        var image = FlattenedImage()
        var searches: [WantedFile: Search] = [:]
        for (file, path) in WantedFile.all { searches[file] = Search(path: path) }
        var hiddenRoots: Set<String> = []
        var isRootHidden = false
        for layer in layers.reversed() {
            let wanted = searches.map { (file: $0.key, search: $0.value) }
            var contents = LayerContents(wanted.map { .init(path: $0.search.path, file: $0.file) })
            var hiding = LayerHiding(wanted.map(\.search.path), layer: "\(layer.blob.file.digest)")
            try read(layer, into: &contents) { entry, place in
                try hiding.take(entry, at: place)
                guard let name = place.names.first, !LayerHiding.isMark(place) else { return }
                let root = String(decoding: name, as: UTF8.self)
                if !isRootHidden, !hiddenRoots.contains(root), image.rootNames.count < FlattenedImage.maximumRootNames {
                    image.rootNames.insert(root)
                }
            }
            for (index, (file, search)) in wanted.enumerated() {
                switch try resolve(contents.claim(index).before, of: file, in: layer) {
                case .file(let content):
                    image.keep(content, as: file)
                    searches[file] = nil
                case .none: searches[file] = nil
                case .elsewhere(let next): searches[file] = next
                case .lower:
                    guard hiding.hides(search.path) else { continue }
                    if let fallback = search.fallback { image.keep(fallback, as: file) }
                    searches[file] = nil
                }
            }
            hiddenRoots.formUnion(hiding.roots)
            isRootHidden = isRootHidden || hiding.isOpaque
        }
        for (file, search) in searches {
            if let fallback = search.fallback { image.keep(fallback, as: file) }
        }
        return image
    }

    /// What a layer says about a wanted file.
    private enum Finding {
        /// Its content.
        case file(KeptContent)
        /// That it is no file.
        case none
        /// That it is what lower layers have at another place.
        case elsewhere(Search)
        /// Nothing.
        case lower
    }

    /// Follows hard links through a layer, which is read once more for each: when the link came by, its target may have been
    /// gone by already.
    private func resolve(
        _ claim: LayerContents.Claim?, of file: WantedFile, in layer: Layer
    ) throws(ReleaseError) -> Finding {
        var claim = claim
        var search: Search?
        for _ in 0...Self.longestChain {
            switch claim {
            case .file(let content)?: return .file(content)
            case .other?: return .none
            case nil: return search.map { .elsewhere($0) } ?? .lower
            case .hardLink(let target, let entry)?:
                var contents = LayerContents([.init(path: target, file: file, entry: entry)])
                try read(layer, into: &contents)
                let found = contents.claim(0)
                search = Search(path: target)
                if case .file(let content)? = found.after { search?.fallback = content }
                claim = found.before
            }
        }
        throw ReleaseError(
            .limit, "layer \(layer.blob.file.digest) has more than \(Self.longestChain) hard links one after the other")
    }

    /// Reads a layer's archive and checks what it unpacks to.
    private func read(
        _ layer: Layer, into contents: inout LayerContents,
        _ look: (TarEntry, EntryPath) throws -> Void = { _, _ in }
    ) throws(ReleaseError) {
        let name = "layer \(layer.blob.file.digest)"
        var tarLimits = TarLimits()
        tarLimits.contentLength = limits.layerBytes
        tarLimits.entries = limits.layerEntries
        let hash = UnpackedHash()
        var stream = TarStream(limits: tarLimits, outputLimit: limits.layerBytes)
        stream.observe = { bytes in
            hash.hasher.update(bytes)
            try budget.take(bytes.count)
        }
        do {
            try stream.read(layer.blob.file.read, progress: progress) { event in
                switch event {
                case .entry(let entry):
                    let place = try safePath(entry.path, in: name)
                    if place.names.isEmpty { return }
                    try look(entry, place)
                    try contents.begin(entry, at: place.normalized) { try KeptContentWriter($0, store, limits) }
                case .data(let bytes): try contents.write(bytes)
                case .end: try contents.end()
                }
            }
        } catch {
            throw ReleaseError(error, reading: name)
        }
        let found = hash.finish()
        guard found == layer.diffID else {
            throw ReleaseError(
                .layer, "\(name) unpacks to \(found), and the image's configuration promises \(layer.diffID)")
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

/// How much all layers of an import together may unpack to. Indexes may name the same layer thousands of times, so that a
/// limit for each layer alone bounds nothing.
final class UnpackingBudget {
    private let limit: UInt64
    private var used: UInt64 = 0

    /// A budget for a layout of `byteCount` bytes.
    init(byteCount: UInt64, _ limits: ImportLimits) {
        let (scaled, overflow) = byteCount.multipliedReportingOverflow(by: limits.unpackedRatio)
        let (sum, overflowed) = scaled.addingReportingOverflow(limits.unpackedBase)
        limit = overflow || overflowed ? .max : sum
    }

    func take(_ count: Int) throws(ReleaseError) {
        used &+= UInt64(clamping: count)
        guard used <= limit else {
            throw ReleaseError(
                .limit,
                "the layers of this layout unpack to more than \(limit) bytes together; import fewer images at a time")
        }
    }
}

import Compositions
import Compression
import Digests
import Foundation
import Imaging
import OCIModel
import Schematics
import Stores
import TalosModel
import TarArchives
import Trust

@testable import Releases

/// A folder for one test, which goes when the test ends.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "imaging-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

typealias TarMember = (entry: TarEntry, content: [UInt8])

func file(
    _ path: String, _ content: [UInt8] = [], mode: UInt32 = 0o644, label: String? = nil
) -> TarMember {
    (
        TarEntry(
            path: path, kind: .file, mode: mode,
            extendedAttributes: label.map { ["security.selinux": Array($0.utf8)] } ?? [:]), content
    )
}

func directory(_ path: String, mode: UInt32 = 0o755) -> TarMember {
    (TarEntry(path: path, kind: .directory, mode: mode), [])
}

func link(_ path: String, to target: String) -> TarMember {
    (TarEntry(path: path, kind: .symbolicLink(target: target), mode: 0o777), [])
}

func hardLink(_ path: String, to target: String) -> TarMember {
    (TarEntry(path: path, kind: .hardLink(target: target), mode: 0o644), [])
}

/// The text of a manifest.
func manifest(_ name: String = "test", talos: String = ">= v1.0.0") -> [UInt8] {
    Array(
        """
        version: v1alpha1
        metadata:
          name: \(name)
          version: 1.2.3
          author: Somebody
          description: |
            Something for tests.
          compatibility:
            talos:
              version: "\(talos)"

        """.utf8)
}

/// A manifest and `members`.
func layer(_ members: [TarMember], name: String = "test", talos: String = ">= v1.0.0") -> [TarMember] {
    [file("manifest.yaml", manifest(name, talos: talos)), directory("rootfs")] + members
}

/// A store with images made in code, and a release to go with them.
struct TestReleases: Sendable {
    let folder: TestFolder
    let store: EmbeddedStore
    var releases: [TalosVersion: ReleaseSummary] = [:]
    /// Each release's own initramfs.
    var bases: [TalosVersion: VerifiedFile] = [:]
    var images: [Digest: VerifiedImage] = [:]

    init() throws {
        folder = try TestFolder()
        store = try EmbeddedStore(root: folder.path + "/store")
        try FileManager.default.createDirectory(atPath: folder.path + "/tmp", withIntermediateDirectories: true)
    }

    /// An image with these layers.
    func image(
        _ layers: [[TarMember]], _ settings: CompressionSettings? = .gzip()
    ) throws -> VerifiedImage {
        try image(
            layers.map { layer in
                let archive = try TarArchive.encode(layer)
                return try settings.map { try compress(archive, $0) } ?? archive
            })
    }

    /// An image whose layers are these bytes.
    func image(_ layers: [[UInt8]]) throws -> VerifiedImage {
        let stored = try layers.map { try store.put($0) }
        let manifest = Digest.of(stored.map(\.digest.hexadecimal).joined(separator: "\n"))
        let image = FetchedImage(
            evidence: evidence(manifest), manifest: manifest,
            configuration: ImageConfiguration(
                platform: OCIModel.Platform(os: "linux", architecture: "amd64"), diffIDs: []),
            layers: stored.map { ImageLayer(file: $0, mediaType: .gzipLayer) })
        return try image.verified(by: .operatorImport)
    }

    private func evidence(_ subject: Digest) -> ImageEvidence {
        ImageEvidence(
            ImageProvenance(subject: subject, reference: nil, origin: .operatorLayout(path: folder.path)))
    }

    /// Adds a release with `base` for its initramfs and these extensions.
    mutating func add(
        _ version: TalosVersion, base: [UInt8], _ extensions: [(name: String, image: VerifiedImage)]
    ) throws {
        let file = try store.put(base)
        for (_, image) in extensions { images[image.manifest] = image }
        bases[version] = try FetchedFile(evidence: evidence(file.digest), file: file).verified(by: .operatorImport)
        releases[version] = ReleaseSummary(
            version: version, architectures: Architecture.allCases,
            extensions: extensions.map {
                OfficialExtension(
                    name: $0.name, reference: "registry.example/\($0.name):1", digest: $0.image.manifest, author: "",
                    description: "")
            })
    }

    func imager(
        limits: ExtractionLimits = ExtractionLimits(), processors: Int = 2, temporaryDirectory: String? = nil
    ) -> TestImager {
        TestImager(
            imager: Imager(
                store: store, temporaryDirectory: temporaryDirectory ?? folder.path + "/tmp",
                externalURL: "https://factory.example", limits: limits, processors: processors), releases: self)
    }

    /// What is left in the folder for temporary files.
    var leftovers: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/tmp")) ?? ["?"] }

    /// How many blobs the store has.
    var blobCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/store/blobs/sha256").count) ?? -1
    }
}

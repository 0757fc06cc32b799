import Foundation
import Loads

/// Writes images for amd64 into an OCI layout, out of folders.
struct LayoutWriter {
    /// The layout's folder.
    let path: String
    private let folder: String
    private var entries: [String] = []

    private typealias Blob = (digest: String, size: Int)

    /// A layout below a folder, which has room for what is being packed.
    init(in folder: String) throws {
        self.folder = folder
        path = "\(folder)/layout"
        try FileManager.default.createDirectory(atPath: "\(path)/blobs/sha256", withIntermediateDirectories: true)
    }

    /// Packs a folder as an image of one layer, and gives its digest. The folder goes.
    ///
    /// - Parameters:
    ///   - entrypoint: The image's program.
    ///   - isCompressed: Whether the layer is in gzip.
    mutating func add(_ root: String, as name: String, entrypoint: String? = nil, isCompressed: Bool) throws -> String {
        let tar = "\(folder)/layer.tar"
        let names = try FileManager.default.contentsOfDirectory(atPath: root).sorted()
        try Program("tar", from: "tar").run(
            ["--format=ustar", "--owner=0", "--group=0", "-cf", tar, "-C", root] + names)
        try FileManager.default.removeItem(atPath: root)
        let unpacked = try digest(of: tar)
        if isCompressed { try Program("gzip", from: "gzip").run(["-1", "-n", tar]) }
        let layer = try add(isCompressed ? tar + ".gz" : tar)
        let program = entrypoint.map { #""\#($0)""# } ?? ""
        let configuration = try add(
            text: #"{"architecture":"amd64","os":"linux","config":{"Entrypoint":[\#(program)]},"#
                + #""rootfs":{"type":"layers","diff_ids":["\#(unpacked)"]}}"#)
        let manifest = try add(
            text: #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","#
                + #""config":\#(Self.descriptor("config.v1+json", configuration)),"#
                + #""layers":[\#(Self.descriptor("layer.v1.tar" + (isCompressed ? "+gzip" : ""), layer))]}"#)
        let annotation = #","annotations":{"org.opencontainers.image.ref.name":"\#(name)"}"#
        entries.append(Self.descriptor("manifest.v1+json", manifest, annotation))
        return manifest.digest
    }

    /// Writes what makes a layout of it.
    func finish() throws {
        let index = #"{"schemaVersion":2,"manifests":[\#(entries.joined(separator: ","))]}"#
        try index.write(toFile: "\(path)/index.json", atomically: false, encoding: .utf8)
        try #"{"imageLayoutVersion":"1.0.0"}"#.write(toFile: "\(path)/oci-layout", atomically: false, encoding: .utf8)
    }

    private static func descriptor(_ kind: String, _ blob: Blob, _ more: String = "") -> String {
        #"{"mediaType":"application/vnd.oci.image.\#(kind)","digest":"\#(blob.digest)","size":\#(blob.size)\#(more)}"#
    }

    private func digest(of path: String) throws -> String {
        let line = try Program("sha256sum", from: "coreutils").run([path])
        guard let hexadecimal = line.split(separator: " ").first else { throw Failure("sha256sum printed nothing") }
        return "sha256:\(hexadecimal)"
    }

    private func add(_ file: String) throws -> Blob {
        let digest = try digest(of: file)
        let target = "\(path)/blobs/" + digest.replacingOccurrences(of: ":", with: "/")
        try FileManager.default.moveItem(atPath: file, toPath: target)
        return (digest, try FileManager.default.attributesOfItem(atPath: target)[.size] as? Int ?? 0)
    }

    private func add(text: String) throws -> Blob {
        let file = "\(folder)/document"
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return try add(file)
    }
}

/// Files of random bytes.
enum RandomFile {
    /// Writes one, with the folders on the way to it.
    ///
    /// - Parameter isHalved: Whether each 4 KiB stand there twice, so that gzip makes half of it, as of programs.
    static func write(_ length: Int, to path: String, isHalved: Bool = false) throws {
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        let file = try newFile(path)
        var generator = SystemRandomNumberGenerator()
        var left = length
        while left > 0 {
            var chunk = Data()
            for _ in 0..<128 {
                let words = (0..<512).map { _ in generator.next() }
                words.withUnsafeBytes { bytes in
                    chunk.append(contentsOf: bytes)
                    if isHalved { chunk.append(contentsOf: bytes) }
                }
            }
            chunk = chunk.prefix(left)
            try file.write(contentsOf: chunk)
            left -= chunk.count
        }
        try file.close()
    }
}

/// A release whose initramfs has exactly 100 MB, for measuring how a large file is served. Its bytes are random and boot nothing.
enum LargeRelease {
    static let length = 100_000_000

    /// Writes it as an OCI layout into a folder and returns the layout's path.
    static func write(to folder: String) throws -> String {
        let boot = "\(folder)/root/usr/install/amd64"
        try RandomFile.write(length, to: "\(boot)/initramfs.xz")
        try Data("kernel".utf8).write(to: URL(fileURLWithPath: "\(boot)/vmlinuz"))
        var layout = try LayoutWriter(in: folder)
        _ = try layout.add(
            "\(folder)/root", as: "imager:\(Release.largeVersion)", entrypoint: "/bin/imager", isCompressed: false)
        try layout.finish()
        return layout.path
    }
}

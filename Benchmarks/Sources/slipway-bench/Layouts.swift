import Foundation
import Loads

/// Reads an OCI layout as far as the peers need it.
struct LayoutReader {
    private struct Descriptor: Decodable {
        struct Platform: Decodable { var architecture: String }
        var digest: String
        var platform: Platform?
        var annotations: [String: String]?
    }
    /// An index or a manifest.
    private struct Document: Decodable {
        var manifests: [Descriptor]?
        var layers: [Descriptor]?
    }

    /// The layout's folder.
    let path: String

    private func document(_ name: String) throws -> Document {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
        return try JSONDecoder().decode(Document.self, from: data)
    }

    private func blob(_ descriptor: Descriptor) -> String {
        "blobs/" + descriptor.digest.replacingOccurrences(of: ":", with: "/")
    }

    /// Unpacks the image of an extension for amd64 into a folder.
    func unpack(extension name: String, into folder: String) throws {
        let entry = try document("index.json").manifests?.first {
            let reference = $0.annotations?["org.opencontainers.image.ref.name"] ?? ""
            return reference.contains("/\(name):")
        }
        guard let entry else { throw Failure("the layout \(path) has no extension \(name): make it with --bench") }
        var image = try document(blob(entry))
        if let platforms = image.manifests {
            guard let own = platforms.first(where: { $0.platform?.architecture == "amd64" }) else {
                throw Failure("\(name) in \(path) has no image for amd64")
            }
            image = try document(blob(own))
        }
        let tar = try Program("tar", from: "tar")
        for layer in image.layers ?? [] { try tar.run(["-xf", "\(path)/\(blob(layer))", "-C", folder]) }
    }
}

/// A release whose initramfs has exactly 100 MB, for measuring how a large file is served. Its bytes are random and boot nothing.
enum LargeRelease {
    static let length = 100_000_000

    /// Writes it as an OCI layout into a folder and returns the layout's path.
    static func write(to folder: String) throws -> String {
        let boot = "\(folder)/root/usr/install/amd64"
        try FileManager.default.createDirectory(atPath: boot, withIntermediateDirectories: true)
        try Data("kernel".utf8).write(to: URL(fileURLWithPath: "\(boot)/vmlinuz"))
        try writeRandom(to: "\(boot)/initramfs.xz")

        let layout = "\(folder)/layout"
        let blobs = "\(layout)/blobs/sha256"
        try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
        func add(_ path: String) throws -> (digest: String, size: Int) {
            let line = try Program("sha256sum", from: "coreutils").run([path])
            guard let hexadecimal = line.split(separator: " ").first else { throw Failure("sha256sum printed nothing") }
            let target = "\(blobs)/\(hexadecimal)"
            try FileManager.default.moveItem(atPath: path, toPath: target)
            let size = try FileManager.default.attributesOfItem(atPath: target)[.size] as? Int
            return ("sha256:\(hexadecimal)", size ?? 0)
        }
        func add(text: String) throws -> (digest: String, size: Int) {
            let path = "\(folder)/document"
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            return try add(path)
        }
        func descriptor(_ kind: String, _ blob: (digest: String, size: Int), _ more: String = "") -> String {
            #"{"mediaType":"application/vnd.oci.image.\#(kind)","digest":"\#(blob.digest)","size":\#(blob.size)\#(more)}"#
        }
        let tar = "\(folder)/layer.tar"
        try Program("tar", from: "tar").run(
            ["--format=ustar", "--owner=0", "--group=0", "-cf", tar, "-C", "\(folder)/root", "usr"])
        try FileManager.default.removeItem(atPath: "\(folder)/root")
        let layer = try add(tar)
        let configuration = try add(
            text: #"{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/bin/imager"]},"#
                + #""rootfs":{"type":"layers","diff_ids":["\#(layer.digest)"]}}"#)
        let manifest = try add(
            text: #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","#
                + #""config":\#(descriptor("config.v1+json", configuration)),"#
                + #""layers":[\#(descriptor("layer.v1.tar", layer))]}"#)
        let name = #","annotations":{"org.opencontainers.image.ref.name":"imager:\#(Release.largeVersion)"}"#
        let index = #"{"schemaVersion":2,"manifests":[\#(descriptor("manifest.v1+json", manifest, name))]}"#
        try index.write(toFile: "\(layout)/index.json", atomically: false, encoding: .utf8)
        try #"{"imageLayoutVersion":"1.0.0"}"#.write(toFile: "\(layout)/oci-layout", atomically: false, encoding: .utf8)
        return layout
    }

    private static func writeRandom(to path: String) throws {
        let file = try newFile(path)
        var generator = SystemRandomNumberGenerator()
        var left = length
        while left > 0 {
            let words = (0..<(128 << 10)).map { _ in generator.next() }
            let chunk = words.withUnsafeBytes { Data($0.prefix(left)) }
            try file.write(contentsOf: chunk)
            left -= chunk.count
        }
        try file.close()
    }
}

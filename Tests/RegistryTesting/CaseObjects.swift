import Digests

/// What all cases mean: a layer, an image's configuration and manifest, an index of it, and what has signed it. A registry that is
/// asked for one of them by its digest has it, unless its case says something else.
public enum CaseObjects {
    /// A thousand bytes.
    public static let layer = Array(String(repeating: "0123456789", count: 100).utf8)
    /// A configuration without layers.
    public static let configuration = Array(
        #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#.utf8)
    /// An image of the two.
    public static let manifest = Array(
        (#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\#(digest(configuration))","size":78},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\#(digest(layer))","size":1000}]}"#)
            .utf8)
    /// An index of that image.
    public static let index = Array(
        (#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(digest(manifest))","size":396,"platform":{"architecture":"amd64","os":"linux"}}]}"#)
            .utf8)
    /// The manifest of a bundle that is about the index.
    public static let bundleManifest = Array(
        (#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","digest":"sha256:e815e6e406c320fd321f76e75a867fbcff04bc8d69d01f98dc390df3819d78ec","size":87}],"subject":{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"\#(digest(index))","size":289}}"#)
            .utf8)

    /// All of them with their media types, by digest.
    static let all: [String: (type: String, bytes: [UInt8])] = [
        digest(layer): ("application/octet-stream", layer),
        digest(configuration): ("application/octet-stream", configuration),
        digest(manifest): ("application/vnd.oci.image.manifest.v1+json", manifest),
        digest(index): ("application/vnd.oci.image.index.v1+json", index),
        digest(bundleManifest): ("application/vnd.oci.image.manifest.v1+json", bundleManifest),
    ]

    /// Those that are blobs.
    public static let blobs = [layer, configuration]

    /// A digest as text.
    public static func digest(_ bytes: [UInt8]) -> String { Digest.of(bytes).description }
}

extension CaseObjects {
    /// The list of what is about the index.
    static let referrers = Array(
        (#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(digest(bundleManifest))","size":\#(bundleManifest.count),"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}]}"#)
            .utf8)
}

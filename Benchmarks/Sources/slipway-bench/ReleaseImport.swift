import Foundation
import Loads

/// A release out of a registry on the loopback, all of it: fetched, hashed, unpacked and stored, against copying its images with
/// skopeo, one after the other.
struct ReleaseImport {
    let place: Workplace

    private static let rounds = 5
    private static let names = [
        "imager:\(Release.version)", "installer-base:\(Release.version)", "bench-big:1.0.0",
        "extensions:\(Release.version)", "overlays:\(Release.version)",
    ]

    func run() throws -> [Figure] {
        let skopeo = try Program("skopeo", from: "skopeo")
        let folder = try place.subfolder("import")
        place.tell("making a release of large images")
        let layout = try makeRelease(in: folder)
        let port = try freePort(SOCK_STREAM)
        let host = "127.0.0.1:\(port)"
        let configuration = "\(folder)/registry.yml"
        try """
        version: 0.1
        log: {level: error}
        storage: {filesystem: {rootdirectory: \(folder)/registry}}
        http: {addr: \(host)}

        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        let registry = try Program("docker-registry", from: "docker-registry").start(
            ["serve", configuration], log: "\(folder)/registry.log")
        defer { registry.stop() }
        try registry.wait(for: "its port") { (try? HTTPConnection(port: port)) != nil }
        for name in Self.names {
            try skopeo.run([
                "--insecure-policy", "copy", "-q", "--all", "--dest-tls-verify=false",
                "oci:\(layout):ghcr.io/siderolabs/\(name)", "docker://\(host)/siderolabs/\(name)",
            ])
        }
        var ours: [Double] = []
        var theirs: [Double] = []
        for round in 0...Self.rounds {
            let store = "\(folder)/store"
            let copies = "\(folder)/copies"
            for path in [store, copies] { try? FileManager.default.removeItem(atPath: path) }
            _ = try place.subfolder("import/copies")
            let began = secondsNow()
            try place.slipway.run(["release", "import", Release.version, "--registry", host, "--store", store])
            let between = secondsNow()
            for (index, name) in Self.names.enumerated() {
                try skopeo.run([
                    "--insecure-policy", "copy", "-q", "--all", "--src-tls-verify=false",
                    "docker://\(host)/siderolabs/\(name)", "dir:\(copies)/\(index)",
                ])
            }
            // The first round is for what has to be read from the disk once.
            guard round > 0 else { continue }
            ours.append(between - began)
            theirs.append(secondsNow() - between)
        }
        let memory = try peakMemory(host, folder)
        return [
            Figure(
                title: "import of a release from a registry", value: try median(ours), unit: .seconds,
                peer: .init(name: "skopeo copy --all, image by image", value: try median(theirs)),
                targets: [.ratioAtLeast(1)],
                remark:
                    "284 MB in five images, layers in gzip; fetched, hashed, unpacked and stored, the peer copies only; "
                    + "\(Self.rounds) rounds in turn", samples: ["seconds": ours, "peer": theirs]),
            Figure(
                title: "memory of that import", value: memory, unit: .bytes, targets: [.atMost(80_000_000)],
                samples: ["bytes": [memory]]),
        ]
    }

    /// The most resident memory of one import, as it was seen until its end.
    private func peakMemory(_ host: String, _ folder: String) throws -> Double {
        let program = try place.slipway.start(
            ["release", "import", Release.version, "--registry", host, "--store", "\(folder)/another"],
            log: "\(folder)/import.log")
        var peak = 0.0
        while let now = try? program.account.residentMemory().peak {
            peak = max(peak, now)
            usleep(2000)
        }
        program.stop()
        guard peak > 0 else { throw Failure("the import was over before it could be looked at: \(program.endOfLog)") }
        return peak
    }

    private func makeRelease(in folder: String) throws -> String {
        let root = "\(folder)/root"
        var layout = try LayoutWriter(in: folder)
        func add(_ name: String, entrypoint: String? = nil) throws -> String {
            try layout.add(root, as: "ghcr.io/siderolabs/\(name)", entrypoint: entrypoint, isCompressed: true)
        }
        try RandomFile.write(20 << 20, to: "\(root)/usr/install/amd64/vmlinuz", isHalved: true)
        try RandomFile.write(140 << 20, to: "\(root)/usr/install/amd64/initramfs.xz", isHalved: true)
        _ = try add(Self.names[0], entrypoint: "/bin/imager")
        try RandomFile.write(200 << 20, to: "\(root)/bin/installer", isHalved: true)
        _ = try add(Self.names[1], entrypoint: "/bin/installer")
        try RandomFile.write(200 << 20, to: "\(root)/rootfs/usr/local/big.data", isHalved: true)
        try Data(
            """
            version: v1alpha1
            metadata: {name: big, version: v1.0.0, author: nobody, description: big, compatibility: {talos: {version: ">= v1.0.0"}}}

            """.utf8
        ).write(to: URL(fileURLWithPath: "\(root)/manifest.yaml"))
        let digest = try add(Self.names[2])
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Data("ghcr.io/siderolabs/\(Self.names[2])@\(digest)\n".utf8)
            .write(to: URL(fileURLWithPath: "\(root)/image-digests"))
        _ = try add(Self.names[3])
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Data("overlays: []\n".utf8).write(to: URL(fileURLWithPath: "\(root)/overlays.yaml"))
        _ = try add(Self.names[4])
        try layout.finish()
        return layout.path
    }
}

import Digests
import Foundation
import LayoutBuilding
import OCIModel
import ProgramTesting
import Releases
import TalosModel
import Testing

/// Layouts as another program writes them, and ours as it reads them.
@Suite(.enabled(if: Skopeo.isPresent, "needs skopeo, from Debian's package of that name")) struct PeerTests {
    let place: Workplace

    init() throws { place = try Workplace() }

    @Test func skopeoReadsOurLayoutAndWeReadWhatItWrites() throws {
        var layout = OCILayout()
        layout.list(
            try layout.add(
                [.systemExtension("x"), .systemExtension("x", platform: ImageContent.arm64)], attestation: false),
            as: "ghcr.io/siderolabs/x:v1")
        let digest = layout.entries[0].digest
        layout.list(try layout.add(.imager("v1.13.5")), as: "v1.13.5")
        try layout.write(toFolder: "\(place.path)/ours")
        // Into a folder, all platforms, and into an archive, one platform.
        try Skopeo.run(
            "copy", "--all", "oci:\(place.path)/ours:ghcr.io/siderolabs/x:v1",
            "oci:\(place.path)/theirs:siderolabs/x:v1")
        try Skopeo.run(
            "copy", "oci:\(place.path)/ours:v1.13.5", "oci-archive:\(place.path)/theirs.tar:siderolabs/imager:v1.13.5")
        let images = try place.catalog.importLayout(at: "\(place.path)/theirs")
        #expect(images.failures.isEmpty)
        #expect(images.imported.map(\.digest) == [digest])
        #expect(images.imported.first?.architectures == [.amd64, .arm64])
        let boot = try place.catalog.importLayout(at: "\(place.path)/theirs.tar")
        #expect(boot.failures.isEmpty)
        #expect(place.catalog.release(TalosVersion(1, 13, 5))?.bootFiles.count == 2)
    }
}

enum Skopeo {
    static let path = ["/usr/bin/skopeo", "/usr/local/bin/skopeo"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static var isPresent: Bool { path != nil }

    static func run(_ arguments: String...) throws {
        try ProgramRun(
            try #require(path), ["--insecure-policy"] + arguments,
            environment: ProcessInfo.processInfo.environment
        ).checked()
    }
}

import Foundation
import TalosModel
import TestSupport
import Testing

/// The releases themselves: what is booted must be made the same everywhere.
extension LabTests {
    @Suite struct ReleaseShapeTests {}
}

extension LabTests.ReleaseShapeTests {
    @Test func releaseIsMadeTheSameTwice() throws {
        let version = TalosVersion(1, 13, 5)
        let again = "\(LabEnvironment.cache)/again-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: again) }
        try FileManager.default.createDirectory(atPath: again, withIntermediateDirectories: true)
        let first = try TalosShapedRelease(cache: LabEnvironment.cache, versions: [version]).layout()
        // The packages are the same; what is made of them is not taken from the cache.
        try FileManager.default.copyItem(atPath: "\(LabEnvironment.cache)/packages", toPath: "\(again)/packages")
        let second = try TalosShapedRelease(cache: again, versions: [version]).layout()
        let names = try FileManager.default.subpathsOfDirectory(atPath: first).sorted()
        #expect(names == (try FileManager.default.subpathsOfDirectory(atPath: second).sorted()))
        #expect(FileManager.default.contentsEqual(atPath: "\(first)/index.json", andPath: "\(second)/index.json"))
    }

    @Test func layoutNamesTheImagesOfEachVersion() throws {
        let layout = try LabEnvironment.release().layout()
        let index = try String(contentsOfFile: "\(layout)/index.json", encoding: .utf8)
        for version in TalosShapedRelease.standardVersions {
            let installer = version.isAtLeast(1, 10) ? "installer-base" : "installer"
            for image in ["imager", installer, "extensions", "overlays"] {
                #expect(index.contains("\"ghcr.io/siderolabs/\(image):\(version.tag)\""))
            }
        }
    }
}

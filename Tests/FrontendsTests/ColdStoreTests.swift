import Compositions
import Foundation
import Glibc
import LayoutBuilding
import OCIModel
import Releases
import ServerTesting
import Stores
import TalosModel
import Testing

@testable import ImageFactory

/// What is known of releases is answered without their content: a store on a slow disk lists what it has at once.
@Suite struct ColdStoreTests {
    private static let machines = """
        unknown: wait
        machines:
          - name: one
            mac: 52:54:00:00:00:01
            version: v1.13.5
            schematic: {customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}}
        """

    /// Puts a FIFO in the place of each blob. The store moves one aside when it is asked for it, and whoever opened one would
    /// wait for ever.
    private func withholdBlobs(of site: Site) throws -> @Sendable () throws -> [String] {
        let folder = "\(site.folder)/store/blobs/sha256"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        try #require(names.count > 5)
        for name in names { try #require(unlink("\(folder)/\(name)") == 0 && mkfifo("\(folder)/\(name)", 0o600) == 0) }
        return {
            let left = Set(try FileManager.default.contentsOfDirectory(atPath: folder))
            return names.filter { !left.contains($0) }
        }
    }

    @Test func listsCommandLinesAndScriptsReadNoBlob() async throws {
        let site = try Site(machines: Self.machines)
        let id = try await site.schematic(ImageRequestsTests.schematic)
        let asked = try withholdBlobs(of: site)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            func body(_ path: String) throws -> String {
                let reply = try connection.ask("GET", path)
                #expect(reply.status == 200, "\(path): \(reply.text)")
                return reply.text
            }
            #expect(try body("/versions").contains("v1.13.5"))
            let extensions = try body("/version/v1.13.5/extensions/official")
            #expect(extensions.contains("siderolabs/gvisor") && extensions.contains("siderolabs/tailscale"))
            #expect(try body("/version/v1.13.5/overlays/official").contains("rpi_generic"))
            #expect(try body("/pxe/\(id)/v1.13.5/metal-amd64").contains("/image/\(id)/v1.13.5/"))
            #expect(try body("/image/\(id)/v1.13.5/cmdline-metal-amd64").contains("talos.platform=metal"))
            #expect(try body("/boot?mac=52-54-00-00-00-01&arch=x86_64").contains("initramfs-amd64.xz"))
            #expect(try connection.ask("GET", "/version/v1.13.9/extensions/official").status == 404)
            #expect(try asked().isEmpty)
            // The content itself is another matter.
            #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/kernel-amd64").status == 500)
            #expect(try asked().count == 1)
        }
    }

    @Test func aNewReleaseIsThereAtOnceAndLeavesAloneWhatIsRememberedOfOthers() async throws {
        let site = try Site(machines: Self.machines.replacing("v1.13.5", with: "v1.13"))
        let id = try await site.schematic(ImageRequestsTests.schematic)
        let folder = site.folder
        let path = "initramfs-amd64.xz"
        try await site.serve { port in
            func ask(_ path: String) async throws -> HTTPReply {
                try await blocking { try HTTPConnection(port: port).ask("GET", path) }
            }
            #expect(try await ask("/image/\(id)/v1.13.5/\(path)").status == 200)
            let old = try #require(try await site.remembered(path, of: id))
            #expect(try await ask("/image/\(id)/v1.13.6/\(path)").status == 404)

            let newer = try MiniatureRelease(tag: "v1.13.6", size: 5000)
            try newer.layout.write(toFolder: "\(folder)/newer")
            let other = try ReleaseCatalog(store: EmbeddedStore(root: "\(folder)/store"))
            #expect(try other.importLayout(at: "\(folder)/newer").failures.isEmpty)
            // At once, however long the daemon takes to notice.
            #expect(try await ask("/image/\(id)/v1.13.6/\(path)").status == 200)
            #expect(try await ask("/version/v1.13.6/extensions/official").text.contains("siderolabs/gvisor"))
            #expect(try await ask("/versions").text.contains("v1.13.6"))
            #expect(try await ask("/boot?mac=52-54-00-00-00-01&arch=x86_64").text.contains("/v1.13.6/initramfs"))
            let still = try await site.remembered(path, of: id)
            #expect(still?.composition == old.composition)

            // The same version with other content is another release.
            let changed = try MiniatureRelease(tag: "v1.13.5", size: 7000)
            try changed.layout.write(toFolder: "\(folder)/changed")
            #expect(try other.importLayout(at: "\(folder)/changed").failures.isEmpty)
            _ = try await site.catalog.refreshed()
            #expect(try await site.remembered(path, of: id) == nil)
            let reply = try await ask("/image/\(id)/v1.13.5/kernel-amd64")
            #expect(reply.status == 200 && reply.body == changed.kernel)
        }
    }

    @Test func anExtensionThatWasMissingIsThereOnceItIsImported() async throws {
        let site = try Site()
        var late = try MiniatureRelease(tag: "v1.13.7", extensions: ["late"], hostile: [], size: 4000).layout
        let image = late.entries.filter { $0.annotations.values.contains { $0.contains("/late:") } }
        try #require(image.count == 1)
        late.entries.removeAll { $0.annotations.values.contains { $0.contains("/late:") } }
        let folder = site.folder
        try late.write(toFolder: "\(folder)/late")
        let other = try ReleaseCatalog(store: EmbeddedStore(root: "\(folder)/store"))
        #expect(try other.importLayout(at: "\(folder)/late").failures.isEmpty)
        let id = try await site.schematic(
            "customization: {systemExtensions: {officialExtensions: [siderolabs/late]}}")
        late.entries = image
        let rest = late
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let missing = try connection.ask("GET", "/image/\(id)/v1.13.7/initramfs-amd64.xz")
            #expect(missing.status == 404 && missing.text.contains("siderolabs/late"), "\(missing.text)")
            try rest.write(toFolder: "\(folder)/rest")
            #expect(try other.importLayout(at: "\(folder)/rest").failures.isEmpty)
            #expect(try connection.ask("GET", "/image/\(id)/v1.13.7/initramfs-amd64.xz").status == 200)
        }
    }
}

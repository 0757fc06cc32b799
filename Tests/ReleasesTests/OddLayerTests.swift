import Compositions
import Digests
import Foundation
import LayoutBuilding
import OCIModel
import Releases
import Stores
import TalosModel
import TarArchives
import Testing

/// Layers as some tools write them: what container runtimes take is taken, and leads nowhere.
@Suite struct OddLayerTests {
    let place: Workplace

    init() throws { place = try Workplace() }

    private static let kernel = "usr/install/amd64/vmlinuz"

    private func hardLink(_ path: String, to target: String) -> LayerMember {
        (TarEntry(path: path, kind: .hardLink(target: target), mode: 0o644), [])
    }

    /// Imports an imager image of `layers`, and gives its kernel; nil if the image has none.
    private func kernel(_ layers: [[LayerMember]]) throws -> String? {
        let place = try Workplace()
        var layout = OCILayout()
        let base: [LayerMember] = [
            file("usr/install/amd64/initramfs.xz", "i"), file("usr/install/arm64/vmlinuz", "arm64"),
            file("usr/install/arm64/initramfs.xz", "i"),
        ]
        layout.list(try layout.add(ImageContent([base] + layers)), as: "siderolabs/imager:v1.13.5")
        let report = try place.importFolder(layout)
        #expect(report.failures.isEmpty, "\(report.failures.map(\.error.message))")
        let files = try #require(place.catalog.release(TalosVersion(1, 13, 5))?.bootFiles)
        #expect(files[.arm64] != nil)
        return try files[.amd64].map { String(decoding: try $0.kernel.contents(limit: 100), as: UTF8.self) }
    }

    @Test func aFileTwiceIsTheLaterOne() throws {
        #expect(try kernel([[file(Self.kernel, "first"), file(Self.kernel, "second")]]) == "second")
        #expect(try kernel([[file(Self.kernel, "first"), link(Self.kernel, to: "x")]]) == nil)
        #expect(try kernel([[link(Self.kernel, to: "x"), file(Self.kernel, "second")]]) == "second")
        #expect(try kernel([[file(Self.kernel, "first"), folder(Self.kernel)]]) == nil)
        #expect(try kernel([[file(Self.kernel, "below")], [folder(Self.kernel)]]) == nil)
    }

    @Test func aFolderThatIsReplacedTakesItsFilesAlong() throws {
        let folderPath = "usr/install/amd64"
        #expect(try kernel([[file(Self.kernel, "first"), link(folderPath, to: "elsewhere")]]) == nil)
    }

    @Test(arguments: ["/", "//", "./", "/./", ".//"])
    func absoluteAndDottedNamesAreBelowTheRoot(_ prefix: String) throws {
        #expect(try kernel([[file(prefix + Self.kernel, "k")]]) == "k")
        #expect(try kernel([[file("a", "k"), hardLink(prefix + Self.kernel, to: prefix + "a")]]) == "k")
        #expect(try kernel([[file(Self.kernel, "k")], [file(prefix + "usr/install/amd64/.wh.vmlinuz", "")]]) == nil)
    }

    @Test func aHardLinkIsWhatItsTargetWasByThen() throws {
        let link = hardLink(Self.kernel, to: "boot/k")
        #expect(try kernel([[file("boot/k", "k"), link]]) == "k")
        #expect(try kernel([[file("boot/k", "k"), link, file("boot/k", "later")]]) == "k")
        #expect(try kernel([[file("boot/k", "earlier"), file("boot/k", "k"), link]]) == "k")
        // In a lower layer.
        #expect(try kernel([[file("boot/k", "k")], [link]]) == "k")
        #expect(try kernel([[file("boot/k", "k")], [file("other", "x")], [link, file("boot/k", "later")]]) == "k")
        // Behind the link, where it was nothing before.
        #expect(try kernel([[link, file("boot/k", "k")]]) == "k")
        #expect(try kernel([[file("other", "x")], [link, file("boot/k", "k"), file("boot/k", "last")]]) == "k")
        // The link's own name is another's, or hidden.
        #expect(try kernel([[file("boot/k", "k"), link], [file(Self.kernel, "upper")]]) == "upper")
        #expect(try kernel([[file("boot/k", "k"), link], [file("usr/install/amd64/.wh.vmlinuz", "")]]) == nil)
        // To nothing, to what is no file, to itself.
        #expect(try kernel([[link]]) == nil)
        #expect(try kernel([[folder("boot/k"), link]]) == nil)
        #expect(try kernel([[LayoutBuilding.link("boot/k", to: "x"), link]]) == nil)
        #expect(try kernel([[hardLink(Self.kernel, to: Self.kernel)]]) == nil)
        #expect(try kernel([[file(Self.kernel, "below")], [hardLink(Self.kernel, to: Self.kernel)]]) == "below")
    }

    @Test func hardLinksLeadFromOneToTheNext() throws {
        #expect(
            try kernel([
                [file("a", "k"), hardLink("b", to: "a"), hardLink("c", to: "b"), hardLink(Self.kernel, to: "c")]
            ]) == "k")
        #expect(try kernel([[file("a", "k")], [hardLink("b", to: "a")], [hardLink(Self.kernel, to: "b")]]) == "k")
        // Two kernels that are one file, as a build for two architectures with one program may have it.
        #expect(
            try kernel([[hardLink(Self.kernel, to: "usr/install/arm64/vmlinuz")]]) == "arm64")
    }

    @Test func aLongChainIsRefused() throws {
        var members = [file("l0", "k")]
        for number in 1...20 { members.append(hardLink("l\(number)", to: "l\(number - 1)")) }
        members.append(hardLink(Self.kernel, to: "l20"))
        var layout = OCILayout()
        layout.list(try layout.add(ImageContent([members])), as: "siderolabs/imager:v1.13.5")
        #expect(try place.importFolder(layout).failures.map(\.error.code) == [.limit])
    }

    @Test func aCatalogsListMayBeAHardLink() throws {
        var layout = OCILayout()
        let image = ImageContent([[file("list", "overlays: []\n"), hardLink("overlays.yaml", to: "list")]])
        layout.list(try layout.add(image), as: "siderolabs/overlays:v1.13.5")
        #expect(try place.importFolder(layout).failures.isEmpty)
    }

    /// What 'cosign save' writes: the image without a name, and signatures beside it.
    @Test(arguments: [true, false])
    func cosignsSignaturesArePassedOver(saysKind: Bool) throws {
        var layout = OCILayout()
        var image = try layout.add([.imager("x", labels: ["alpha.talos.dev/version": "v1.13.5"])])
        if saysKind { image.annotations["kind"] = "dev.cosignproject.cosign/imageIndex" }
        layout.list(image)
        let payload = Array(#"{"critical": {}}"#.utf8)
        let configuration = ImageConfiguration(
            platform: Platform(os: "", architecture: ""), diffIDs: [Digest.of(payload)])
        let type = MediaType(rawValue: "application/vnd.dev.cosign.simplesigning.v1+json")
        let signature = Manifest(
            configuration: layout.add(configuration.encode(), .configuration), layers: [layout.add(payload, type)])
        var descriptor = layout.add(signature.encode(), .manifest)
        if saysKind { descriptor.annotations["kind"] = "dev.cosignproject.cosign/sigs" }
        layout.list(descriptor)
        let report = try place.importArchive(layout)
        #expect(report.failures.isEmpty && report.imported.map(\.version?.tag) == ["v1.13.5"])
        #expect(report.skipped.count == 1)
        #expect(report.skipped.first?.reason.contains("cosign") == true, "\(report.skipped)")
    }
}

import Digests
import Foundation
import Glibc
import LayoutBuilding
import OCIModel
import RegistryTesting
import ServerTesting
import Testing

/// Releases out of a real registry, by way of a line that may be bad.
@Suite struct RegistryImportTests {
    /// A release in a registry, one of its extensions signed in both ways, and a proxy before it.
    struct Site {
        let release: MiniatureRelease
        let registry: RealRegistry
        let proxy: FaultProxy
        let scratch: Scratch
        /// The manifests of the signatures.
        let referrers: [Digest]

        init(size: Int = 300_000) async throws {
            scratch = try Scratch()
            let storage = try RegistryStorage()
            release = try MiniatureRelease(hostile: [], size: size)
            try storage.put(release.layout)
            let installer = OCILayoutOfInstaller(tag: release.tag)
            try storage.put(installer.layout)
            let gvisor = try #require(release.layout.entries.first { $0.name == "ghcr.io/siderolabs/gvisor:1.0.0" })
            referrers = try storage.sign(gvisor, in: "siderolabs/gvisor")
            registry = try RealRegistry(storage: storage)
            proxy = try await FaultProxy(before: registry.port)
        }

        var store: String { "\(scratch.path)/store" }

        func run(_ arguments: String..., store: String? = nil) throws -> Program {
            try Program(["release"] + arguments + ["--store", store ?? self.store])
        }

        func importRelease(_ arguments: String..., store: String? = nil) throws -> Program {
            try Program(
                ["release", "import", release.tag, "--registry", proxy.host, "--store", store ?? self.store] + arguments
            )
        }

        /// The paths of the blobs that have been asked for.
        var blobRequests: [String] { proxy.requests.filter { $0.hasPrefix("GET ") && $0.contains("/blobs/") } }

        func names(in folder: String, of store: String? = nil) -> Set<String> {
            Set((try? FileManager.default.contentsOfDirectory(atPath: "\(store ?? self.store)/\(folder)")) ?? [])
        }

        func listing(_ store: String? = nil) throws -> String {
            let list = try run("list", "--json", store: store)
            #expect(try list.finish() == 0, "\(list.errors)")
            #expect(list.errors.isEmpty, "\(list.errors)")
            return list.output.filter { !$0.isWhitespace }
        }
    }

    @Test func aWholeReleaseComesWithItsSignatures() async throws {
        let site = try await Site()
        let program = try site.importRelease()
        #expect(try program.finish() == 0, "\(program.errors)")
        for kind in ["imager\t", "installer\t", "extension catalog\t", "overlay catalog\t", "overlay\t", "extension\t"]
        {
            #expect(program.output.contains(kind), "\(program.output)")
        }
        let listing = try site.listing()
        #expect(!listing.contains("\"imported\":[]") && listing.contains("\"installer\":true"), "\(listing)")
        for digest in site.referrers { #expect(site.names(in: "blobs/sha256").contains(digest.hexadecimal)) }
        let target = "\(site.scratch.path)/kernel"
        let build = try Program(["build", "kernel-amd64", "--store", site.store, "--output", target])
        #expect(try build.finish() == 0, "\(build.errors)")
        #expect(FileManager.default.contents(atPath: target).map { [UInt8]($0) } == site.release.kernel)

        // What is here is not fetched again.
        let before = site.blobRequests.count
        let again = try site.importRelease()
        #expect(try again.finish() == 0, "\(again.errors)")
        #expect(site.blobRequests.count == before)

        // To a network without a registry, and nothing is lost on the way.
        let archive = "\(site.scratch.path)/talos.tar"
        let export = try site.run("export", site.release.tag, "--output", archive)
        #expect(try export.finish() == 0, "\(export.errors)")
        let elsewhere = "\(site.scratch.path)/elsewhere"
        let taken = try site.run("import", archive, store: elsewhere)
        #expect(try taken.finish() == 0, "\(taken.errors)")
        #expect(try site.listing(elsewhere) == listing)
        for folder in ["blobs/sha256", "records/images", "records/referrers", "records/boot-files"] {
            #expect(site.names(in: folder, of: elsewhere) == site.names(in: folder), "\(folder)")
        }
    }

    @Test func onlyWhatIsWantedComes() async throws {
        let site = try await Site()
        let program = try site.importRelease("--extensions", "gvisor", "--arch", "arm64")
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(program.output.contains("siderolabs/gvisor") && !program.output.contains("tailscale"))
        let listing = try site.listing()
        #expect(listing.contains(#""imported":["arm64"]"#) && listing.contains(#""imported":[]"#), "\(listing)")
        let unknown = try site.importRelease("--extensions", "nosuch")
        #expect(try unknown.finish() == 1)
        #expect(unknown.errors.contains("there is no extension 'nosuch'"), "\(unknown.errors)")
    }

    /// Cut in the middle, a wrong byte, and a busy registry: nothing of it reaches the store.
    @Test(arguments: [
        FaultProxy.Fault.cut(after: 100_000), .flip(at: 50_000),
        .answer(status: 503, fields: ["Retry-After: 0", "Content-Length: 0"]),
        .answer(status: 429, fields: ["Retry-After: 0", "Content-Length: 0"]),
    ])
    func aBadLineIsGotOver(_ fault: FaultProxy.Fault) async throws {
        let site = try await Site()
        site.proxy.plan(fault, onPathsWith: "/blobs/", times: 2)
        let program = try site.importRelease()
        let code = try program.finish()
        if code != 0 {
            // Where the client has not got over it by itself, the command says what is missing, and brings it the next time.
            #expect(program.errors.contains("failed "), "\(program.errors)")
            let again = try site.importRelease()
            #expect(try again.finish() == 0, "\(again.errors)")
        }
        #expect(!(try site.listing()).contains("\"imported\":[]"))
        #expect(site.names(in: "corrupt").isEmpty)
    }

    @Test func aKilledImportGoesOnWhereItWas() async throws {
        let site = try await Site(size: 3_000_000)
        var interrupted = 0
        for round in 0..<6 {
            let program = try site.importRelease()
            let stored = site.names(in: "blobs/sha256").count
            while site.names(in: "blobs/sha256").count <= stored, !program.hasEnded { usleep(500) }
            usleep(UInt32(round) * 7_000)
            if !program.hasEnded { interrupted += 1 }
            program.send(SIGKILL)
            _ = try program.finish()
            // Nothing half-made is shown.
            _ = try site.listing()
        }
        #expect(interrupted > 0)
        let whole = site.names(in: "blobs/sha256")
        let before = site.blobRequests.count
        let program = try site.importRelease()
        #expect(try program.finish() == 0, "\(program.errors)")
        let fetched = site.blobRequests.dropFirst(before)
        for digest in whole { #expect(!fetched.contains { $0.contains(digest) }, "\(digest) was fetched again") }
        #expect(!(try site.listing()).contains("\"imported\":[]"))
    }

    @Test func twoImportsAtOnceAreOne() async throws {
        let site = try await Site(size: 1_000_000)
        let programs = [try site.importRelease(), try site.importRelease()]
        for program in programs { #expect(try program.finish() == 0, "\(program.errors)") }
        #expect(!(try site.listing()).contains("\"imported\":[]"))
        #expect(site.names(in: "temporary").filter { !$0.hasSuffix(".lock") }.isEmpty)
    }

    @Test(.enabled(if: Program.canUnshare, "needs mounts of its own"))
    func aFullDiskEndsItWithASentence() async throws {
        let site = try await Site(size: 3_000_000)
        let store = "\(site.scratch.path)/small"
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        let program = try Program(command: [
            "/usr/bin/unshare", "-m", "/bin/sh", "-c",
            """
            mount -t tmpfs -o size=4m none '\(store)' || exit 9
            '\(Program.path)' release import \(site.release.tag) --registry \(site.proxy.host) --store '\(store)'
            code=$?
            ls '\(store)/temporary' | grep -v lock
            '\(Program.path)' release list --store '\(store)' >&2 || exit 8
            exit $code
            """,
        ])
        #expect(try program.finish() == 1, "\(program.errors)")
        #expect(program.errors.contains("full") || program.errors.contains("No space left"), "\(program.errors)")
        #expect(program.output.isEmpty, "\(program.output)")
    }

    @Test func whatCannotBeHadIsNamed() async throws {
        let site = try await Site()
        let missing = try Program([
            "release", "import", "v1.13.4", "--registry", site.proxy.host, "--store", site.store,
        ])
        #expect(try missing.finish() == 1)
        #expect(missing.errors.contains("siderolabs/imager:v1.13.4"), "\(missing.errors)")
        let nothing = try Program(["release", "import", "no such thing", "--store", site.store])
        #expect(try nothing.finish() == 1)
        #expect(nothing.errors.contains("neither a path, nor a Talos version"), "\(nothing.errors)")
        let port = try #require(unusedPort())
        let gone = try Program([
            "release", "import", "v1.13.5", "--registry", "127.0.0.1:\(port)", "--store", site.store,
        ])
        #expect(try gone.finish() == 1)
        #expect(gone.errors.contains("127.0.0.1:\(port)"), "\(gone.errors)")
    }

    /// Only what comes with its version takes the place of a release's own.
    @Test func aStrangersImageIsNobodysKernel() async throws {
        let site = try await Site()
        #expect(try site.importRelease().finish() == 0)
        let before = try site.listing()
        let kernel = try String(contentsOfFile: "\(site.store)/records/boot-files/1.13.5", encoding: .utf8)
        let installer = try String(contentsOfFile: "\(site.store)/records/installers/1.13.5", encoding: .utf8)
        var layout = OCILayout()
        layout.list(
            try layout.add(.imager("evil", labels: ["alpha.talos.dev/version": "v1.13.5"])),
            as: "ghcr.io/evil/pause:3.10")
        layout.list(try layout.add(.installerBase("v1.13.5")), as: "ghcr.io/foo/installer:v1.13.5")
        layout.list(try layout.add(ImageContent([[file("x", "y")]])), as: "ghcr.io/foo/imager:v1.13.5")
        try site.registry.storage.put(layout)
        for name in ["evil/pause:3.10", "foo/installer:v1.13.5", "foo/imager:v1.13.5"] {
            let program = try site.run("import", "\(site.proxy.host)/\(name)")
            #expect(try program.finish() == 0, "\(program.errors)")
            #expect(program.output.hasPrefix("image\t"), "\(program.output)")
        }
        #expect(try site.listing() == before)
        #expect(try String(contentsOfFile: "\(site.store)/records/boot-files/1.13.5", encoding: .utf8) == kernel)
        #expect(try String(contentsOfFile: "\(site.store)/records/installers/1.13.5", encoding: .utf8) == installer)
    }

    @Test func oneArchitectureDoesNotTakeAwayTheOther() async throws {
        let site = try await Site()
        #expect(try site.importRelease().finish() == 0)
        let before = try site.listing()
        #expect(try site.importRelease("--arch", "amd64").finish() == 0)
        #expect(try site.listing() == before)
    }

    /// What a killed export leaves is written over, and root writes nowhere but where it was told.
    @Test func aFolderThatWasBegunIsFinished() async throws {
        let site = try await Site()
        #expect(try site.importRelease().finish() == 0)
        let folder = "\(site.scratch.path)/layout"
        try FileManager.default.createDirectory(atPath: "\(folder)/blobs/sha256", withIntermediateDirectories: true)
        for name in ["oci-layout.partial-7", "blobs/sha256/\(String(repeating: "0", count: 64)).partial-7"] {
            try Data("x".utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        let export = try site.run("export", site.release.tag, "--output", folder)
        #expect(try export.finish() == 0, "\(export.errors)")
        for path in [folder, "\(folder)/blobs/sha256"] {
            #expect(try !FileManager.default.contentsOfDirectory(atPath: path).contains { $0.contains("partial") })
        }
        let linked = "\(site.scratch.path)/linked"
        let victim = "\(site.scratch.path)/victim"
        for path in [linked, victim] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(atPath: "\(linked)/blobs", withDestinationPath: victim)
        let refused = try site.run("export", site.release.tag, "--output", linked)
        #expect(try refused.finish() == 1)
        #expect(refused.errors.contains("is no folder"), "\(refused.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: victim).isEmpty)
    }

    /// A closed network needs the images of others as well.
    @Test func anImageOfAnotherProduct() async throws {
        let site = try await Site()
        var layout = OCILayout()
        let image = try layout.add([
            ImageContent([[file("pause", "x")]]), ImageContent([[file("pause", "y")]], platform: ImageContent.arm64),
        ])
        layout.list(image, as: "registry.k8s.io/pause:3.10")
        try site.registry.storage.put(layout)
        for reference in ["pause:3.10", "pause@\(image.digest)"] {
            let name = "\(site.proxy.host)/\(reference)"
            let program = try site.run("import", name)
            #expect(try program.finish() == 0, "\(program.errors)")
            #expect(program.output.hasPrefix("image\t\(name)\t"), "\(program.output)")
        }
        let folder = "\(site.scratch.path)/pause"
        let export = try site.run("export", image.digest.description, "--output", folder)
        #expect(try export.finish() == 0, "\(export.errors)")
        let elsewhere = try site.run("import", folder, store: "\(site.scratch.path)/other")
        #expect(try elsewhere.finish() == 0, "\(elsewhere.errors)")
        #expect(elsewhere.output.hasPrefix("image\t"), "\(elsewhere.output)")
        // What is there already is not written over.
        let twice = try site.run("export", image.digest.description, "--output", folder)
        #expect(try twice.finish() == 1)
        #expect(twice.errors.contains("something in it already"), "\(twice.errors)")
    }

    @Test func aReleaseIsRemoved() async throws {
        let site = try await Site()
        #expect(try site.importRelease().finish() == 0)
        let removal = try site.run("remove", site.release.tag)
        #expect(try removal.finish() == 0, "\(removal.errors)")
        #expect(removal.output.hasPrefix("removed v1.13.5 and "))
        #expect(try site.listing() == "[]")
        for folder in ["records/images", "records/referrers"] { #expect(site.names(in: folder).isEmpty) }
        // What was meant to go can go.
        let stats = try Program(["store", "stats", "--store", site.store, "--older-than", "0"])
        #expect(try stats.finish() == 0, "\(stats.errors)")
        let again = try site.run("remove", site.release.tag)
        #expect(try again.finish() == 1)
        #expect(again.errors.contains("is not in the store"), "\(again.errors)")
        // And comes back, its content being there still.
        let before = site.blobRequests.count
        #expect(try site.importRelease().finish() == 0)
        #expect(site.blobRequests.count == before)
    }
}

/// An installer, which the miniature release has not.
private struct OCILayoutOfInstaller {
    var layout = OCILayout()

    init(tag: String) {
        guard
            let descriptor = try? layout.add([.installerBase(tag), .installerBase(tag, platform: ImageContent.arm64)])
        else { return }
        layout.list(descriptor, as: "ghcr.io/siderolabs/installer-base:\(tag)")
    }
}

extension RegistryStorage {
    /// Puts the named images of a layout into their repositories.
    func put(_ layout: OCILayout) throws {
        for entry in layout.entries {
            // The overlay of the miniature release has a name in the catalog only.
            let name = entry.name ?? "ghcr.io/siderolabs/sbc-raspberrypi:v0.2.0"
            let reference = try ImageReference(parsing: name)
            try put(entry, of: layout, in: reference.repository, tag: reference.tag)
        }
    }

    private func put(_ entry: Descriptor, of layout: OCILayout, in repository: String, tag: String?) throws {
        let bytes = try #require(layout.blobs[entry.digest])
        if let index = try? Index(decoding: bytes[...]) {
            for child in index.manifests { try put(child, of: layout, in: repository, tag: nil) }
        } else {
            let manifest = try Manifest(decoding: bytes[...])
            for part in [manifest.configuration] + manifest.layers {
                try put(try #require(layout.blobs[part.digest]), in: repository)
            }
        }
        try put(manifest: bytes, tag: tag, in: repository)
    }

    /// Signs an image as it is done in the field: a bundle in the list under the image's tag, and cosign's own tag.
    func sign(_ image: Descriptor, in repository: String) throws -> [Digest] {
        func describe(_ text: String, _ type: String) throws -> Descriptor {
            let bytes = Array(text.utf8)
            return Descriptor(
                mediaType: MediaType(rawValue: type), digest: try put(bytes, in: repository), size: UInt64(bytes.count))
        }
        let bundle = try describe("a bundle", "application/vnd.dev.sigstore.bundle.v0.3+json")
        let referrer = Manifest(
            artifactType: bundle.mediaType, configuration: try describe("{}", "application/vnd.oci.empty.v1+json"),
            layers: [bundle], subject: Descriptor(mediaType: image.mediaType, digest: image.digest, size: image.size)
        ).encode()
        var entry = Descriptor(mediaType: .manifest, digest: Digest.of(referrer), size: UInt64(referrer.count))
        entry.artifactType = bundle.mediaType
        try put(manifest: referrer, in: repository)
        try put(
            manifest: Index(manifests: [entry]).encode(), tag: "sha256-\(image.digest.hexadecimal)", in: repository)
        let payload = try describe("a payload", "application/vnd.dev.cosign.simplesigning.v1+json")
        let configuration = ImageConfiguration(
            platform: Platform(os: "", architecture: ""), diffIDs: [payload.digest]
        ).encode()
        let signature = Manifest(
            configuration: Descriptor(
                mediaType: .configuration, digest: try put(configuration, in: repository),
                size: UInt64(configuration.count)), layers: [payload]
        ).encode()
        try put(manifest: signature, tag: "sha256-\(image.digest.hexadecimal).sig", in: repository)
        return [entry.digest, Digest.of(signature)]
    }
}

import CanonicalYAML
import Foundation
import Schematics
import Synchronization
import Testing

@Suite struct SchematicTests {
    /// IDs that Image Factory's own tests and documentation give.
    @Test(arguments: [
        ("customization: {}", "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"),
        (
            "customization: {extraKernelArgs: [noapic, nolapic]}",
            "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c"
        ),
        (
            "customization: {extraKernelArgs: [nolapic, nomodeset]}",
            "e0fb1129bbbdfb5d002e94af4cdce712a8370e850950a33a242d4c3f178c532d"
        ),
        (
            "customization: {extraKernelArgs: [vga=791]}",
            "eea1f9534c46d95c4715a2f13d17eacb927c13a42ef087c79b22c3bd0c49d073"
        ),
        (
            "customization: {systemExtensions: {officialExtensions: [siderolabs/amd-ucode, siderolabs/gvisor, "
                + "siderolabs/gasket-driver]}}",
            "51ff3e49313773332729a5c04e57af0dbe2e6d3f65ff638e6d4c3a05065fefff"
        ),
        (
            "customization: {meta: [{key: 0xa, value: foo}]}",
            "d308a2a5ee2277bed5fbaa104fcbc8d59122abfa737df987a95b4ca763459a7f"
        ),
        (
            #"{"customization": {"meta": [{"key": 10, "value": "{\"externalIPs\":[\"1.2.3.4\"]}"}]}}"#,
            "fe866116408a5a13dab7d5003eb57a00954ea81ebeec3fbbcd1a6d4462a00036"
        ),
        (
            "overlay: {name: rpi_generic, image: siderolabs/sbc-raspberrypi}",
            "ee21ef4a5ef808a9b7484cc0dda0f25075021691c8c09a276591eedb638ea1f9"
        ),
        (
            "customization: {secureboot: {includeWellKnownCertificates: true}}",
            "fa8e05f142a851d3ee568eb0a8e5841eaf6b0ebc8df9a63df16ac5ed2c04f3e6"
        ),
        (
            "customization: {bootloader: GRUB}",
            "39d496b2cbdb6265d3b714514c5334bf010f1b4d31b23b9e38c80fb2f3ad7ecb"
        ),
        (
            "customization: {bootloader: sd-boot}",
            "9ed5fecdacb36b5c5427b87d409f1065cfb2df69b0f71c58b868d9d466d8dab3"
        ),
        (
            "customization: {diskImage: {sectorSize: 4096}}",
            "92833e9ddd9bb9e11b2464fa5525429f01866306d52ebd882ee08d7918f6d1ea"
        ),
        (
            "customization: {systemExtensions: {officialExtensions: [extension-testing/my-extension]}}",
            "9414259a4d71e1c9ab92bfaf673f83ac85afe39839ed91e28ca6e1177f576437"
        ),
    ]) func idIsThePublishedOne(body: String, id: String) throws {
        #expect(try Schematic(decoding: Array(body.utf8)).id.description == id)
    }

    private static let everything = """
        overlay:
            image: siderolabs/sbc-raspberrypi
            name: rpi_generic
            options:
                configTxt: dtparam=audio=on
                depth: 2
        customization:
            embeddedMachineConfiguration: |
                machine: {}
            extraKernelArgs:
                - console=ttyS0
                - -quiet
            meta:
                - key: 10
                  value: '{"a":1}'
            systemExtensions:
                officialExtensions:
                    - siderolabs/gvisor
            bootloader: dual-boot
            secureboot:
                enrollKeys: none
                includeWellKnownCertificates: true
            diskImage:
                sectorSize: 4096

        """

    @Test func fieldsAreWhatTheTextSays() throws {
        let schematic = try Schematic(decoding: Array(Self.everything.utf8))
        #expect(schematic.description == Self.everything)
        #expect(schematic.overlay?.image == "siderolabs/sbc-raspberrypi")
        #expect(schematic.overlay?.name == "rpi_generic")
        #expect(schematic.overlay?.options == Array("configTxt: dtparam=audio=on\ndepth: 2\n".utf8))
        #expect(schematic.embeddedMachineConfiguration == Array("machine: {}\n".utf8))
        #expect(schematic.extraKernelArguments == ["console=ttyS0", "-quiet"])
        #expect(schematic.meta == [MetaValue(key: 10, value: #"{"a":1}"#)])
        #expect(schematic.officialExtensions == ["siderolabs/gvisor"])
        #expect(schematic.bootloader == .dualBoot)
        #expect(schematic.secureBoot == SecureBoot(keyEnrollment: "none", includesWellKnownCertificates: true))
        #expect(schematic.diskSectorSize == 4096)
    }

    @Test func partsMakeTheSameSchematicAsText() throws {
        let decoded = try Schematic(decoding: Array(Self.everything.utf8))
        let made = try Schematic(
            overlay: decoded.overlay, embeddedMachineConfiguration: decoded.embeddedMachineConfiguration,
            extraKernelArguments: decoded.extraKernelArguments, meta: decoded.meta,
            officialExtensions: decoded.officialExtensions, bootloader: decoded.bootloader,
            secureBoot: decoded.secureBoot, diskSectorSize: decoded.diskSectorSize)
        #expect(made == decoded)
        #expect(made.canonicalText == decoded.canonicalText)
        #expect(try Schematic().description == "customization: {}\n")
    }

    @Test func overlayOptionsOfAFormMustBeAMapping() {
        #expect(throws: SchematicError.self) {
            try Schematic(overlay: Overlay(image: "i", name: "n", options: Array("[a]".utf8)))
        }
    }

    /// It is kept by itself where its canonical text cannot be read again.
    @Test func aPartOfAnotherTextCanBeReadByItself() throws {
        let part =
            "overlay: {name: n, image: i}\n      customization:\n        meta: [{key: 10, value: \"  a\\n  b\"}]\n"
        let schematic = try Schematic(decoding: Array(part.utf8), startingAt: Position(line: 3, column: 7))
        #expect((try? Schematic(decoding: schematic.canonicalText)) != schematic)
        let again = try Schematic(decoding: schematic.source)
        #expect(again == schematic && again.meta == [MetaValue(key: 10, value: "  a\n  b")])
    }

    @Test func idIsParsedFromItsOwnDescriptionOnly() throws {
        let id = try Schematic().id
        #expect(SchematicID(parsing: id.description) == id)
        #expect(SchematicID(parsing: id.description.uppercased()) == nil)
        #expect(SchematicID(parsing: id.description.dropLast()) == nil)
        #expect(SchematicID(parsing: "sha256:" + id.description) == nil)
    }

    @Test func schematicsWithOneTextAreEqual() throws {
        let plain = try Schematic(decoding: Array("customization: {bootloader: none}".utf8))
        #expect(try plain == Schematic())
        #expect(try plain != Schematic(bootloader: .grub))
    }

    /// go-yaml takes 10 000 levels of flow collections inside of 10 000 block collections, and so must any thread of ours.
    @Test(arguments: [
        (
            "overlay: {options: {a: " + String(repeating: "[", count: 9990) + String(repeating: "]", count: 9990)
                + "}}", true
        ),
        (
            "overlay:\n  options:\n    a:\n      " + String(repeating: "- ", count: 9900)
                + String(repeating: "[", count: 9990) + String(repeating: "]", count: 9990), true
        ),
        (
            String(repeating: "<<: {", count: 3001)
                + String(repeating: "}", count: 3001), true
        ),
        ("overlay: {options: {a: " + String(repeating: "[", count: 10001), false),
    ]) func deepNestingNeedsNoDeepStack(body: String, isAccepted: Bool) {
        let outcome = onThread(stackSize: 256 << 10) { (try? Schematic(decoding: Array(body.utf8))) != nil }
        #expect(outcome == isAccepted)
    }

    @Test func canonicalTextBeyondTheLimitIsRefused() {
        // Each level of a mapping indents all that is below it, so 40 KB of flow mappings would print as 200 MB.
        let body =
            "overlay: {options: " + String(repeating: "{a: ", count: 9900) + "1" + String(repeating: "}", count: 9901)
        #expect(throws: SchematicError.tooLarge(limit: Schematic.maximumCanonicalSize(forBodyOf: body.utf8.count))) {
            try Schematic(decoding: Array(body.utf8))
        }
    }

    private func onThread(stackSize: Int, _ work: @escaping @Sendable () -> Bool) -> Bool {
        let outcome = Outcome()
        let thread = Thread { outcome.set(work()) }
        thread.stackSize = stackSize
        thread.start()
        return outcome.wait()
    }
}

/// A value that another thread sets once.
private final class Outcome: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let value = Mutex(false)

    func set(_ value: Bool) {
        self.value.withLock { $0 = value }
        semaphore.signal()
    }

    func wait() -> Bool {
        semaphore.wait()
        return value.withLock { $0 }
    }
}

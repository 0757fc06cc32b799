import Compositions
import Digests
import FolderTesting
import Stores
import Testing

@Suite struct StoredRecordTests {
    /// A record as an importer keeps them.
    struct Sample: DerivedRecord, Hashable {
        static var kind: RecordKind { RecordKind(rawValue: "samples") }
        var reference: String
        var blob: Digest
        var references: [Digest] { [blob] }
    }

    let folder: TemporaryFolder
    let store: EmbeddedStore
    let sample = Sample(reference: "ghcr.io/x/y:v1", blob: Digest.of([1]))

    init() throws {
        folder = try TemporaryFolder()
        store = try EmbeddedStore(root: folder.path)
    }

    @Test func recordsAreTextWithSortedKeys() throws {
        try store.setRecord("a", sample)
        let bytes = try #require(try store.record(Sample.kind, "a"))
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"blob":"\#(sample.blob)","reference":"ghcr.io/x/y:v1"}"#)
        #expect(try store.usableRecord("a", as: Sample.self) == sample)
        #expect(try store.usableRecord("b", as: Sample.self) == nil)
    }

    @Test func slashesMayBeEscaped() throws {
        try store.setRecord(
            Sample.kind, "a", Array(#"{ "reference": "ghcr.io\/x\/y:v1", "blob": "\#(sample.blob)" }"#.utf8))
        #expect(try store.usableRecord("a", as: Sample.self) == sample)
    }

    @Test(arguments: ["", "{", "[]", "{}", #"{"blob":"sha256:0","reference":""}"#])
    func whatCanBeMadeAgainNeedNotBeReadable(_ text: String) throws {
        try store.setRecord(Sample.kind, "a", Array(text.utf8))
        #expect(try store.usableRecord("a", as: Sample.self) == nil)
        #expect(throws: DecodingError.self) { try Sample(decodingRecord: Array(text.utf8)) }
    }

    @Test func kindsHaveTheNamesThatStoresHave() {
        let names = [
            RecordKind.bootFiles, .extensionCatalogs, .overlayCatalogs, .installers, .images, .extensionSegments,
            .moduleSegments, .contentDigests, .schematics, .postedSchematics, .machinesFile, .booted,
        ].map(\.rawValue)
        #expect(
            names == [
                "boot-files", "extension-catalogs", "overlay-catalogs", "installers", "images", "extension-segments",
                "module-segments", "content-digests", "schematics", "schematics-posted", "machines-file", "booted",
            ])
    }
}

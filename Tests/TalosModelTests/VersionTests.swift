import TalosModel
import Testing

@Suite struct VersionTests {
    private let list = ["1.12.9", "1.13.0", "1.13.5", "1.13.10", "1.14.0-beta.1", "1.14.0-rc.0", "1.13.6-alpha.1"]
        .compactMap { try? TalosVersion(parsing: $0) }

    @Test(arguments: [
        ("latest", "v1.13.10"), ("1.13", "v1.13.10"), ("v1.12", "v1.12.9"), ("v1.13.5", "v1.13.5"),
        ("1.14.0-beta.1", "v1.14.0-beta.1"), ("1.14", "v1.14.0-rc.0"),
    ])
    func aSelectorFindsItsVersion(_ text: String, _ tag: String) throws {
        #expect(try VersionSelector(parsing: text).resolve(among: list)?.tag == tag)
    }

    @Test(arguments: ["1.11", "1.13.4", "1.13.0-beta.0", "2.0"])
    func aSelectorOfNothingFindsNothing(_ text: String) throws {
        #expect(try VersionSelector(parsing: text).resolve(among: list) == nil)
    }

    @Test func latestIsNeverAPrerelease() {
        #expect(VersionSelector.latest.resolve(among: list.filter { !$0.prerelease.isEmpty }) == nil)
    }

    @Test(arguments: ["", "1", "v", "Latest", "1.x", "01.2", "1.-2", "1.13.5.6", "1.13-beta.1", "vv1.2"])
    func whatIsNoSelectorIsRefused(_ text: String) {
        #expect(throws: TalosVersionError.self) { try VersionSelector(parsing: text) }
    }

    @Test(arguments: [
        ("1", "1.0.0"), ("v1.12", "1.12.0"), (" 1.9.0", "1.9.0"), ("01.002.3", "1.2.3"), ("1.0.00", "1.0.0"),
        ("v1.10.0+meta", "1.10.0+meta"), ("1.14.0-rc.1", "1.14.0-rc.1"),
    ])
    func aTolerantReaderCompletes(_ text: String, _ version: String) {
        #expect(TalosVersion(tolerating: text)?.description == version)
    }

    @Test(arguments: ["", "latest", "1.x", "1.9.0.1", "1.9-rc.1", "1..2", "sha256-abc.sig"])
    func aTolerantReaderKnowsItsLimits(_ text: String) { #expect(TalosVersion(tolerating: text) == nil) }

    @Test func prereleasesHaveTheQuirksOfTheirRelease() throws {
        #expect(try TalosVersion(parsing: "1.10.0-alpha.0").supportsSELinux)
        #expect(try TalosVersion(parsing: "1.12.0-beta.0").supportsEmbeddedConfiguration)
        #expect(TalosVersion(1, 10, 99).supportsIMA)
        #expect(!TalosVersion(1, 10, 100).supportsIMA)
        #expect(!TalosVersion(1, 6, 2).supportsCompressedEncodedMeta)
    }

    @Test func platformsComeWithTheirVersions() throws {
        let cloudstack = try #require(Platform(named: "cloudstack"))
        #expect(cloudstack.minimumVersion?.description == "1.8.0-alpha.2")
        #expect(try !cloudstack.isAvailable(in: TalosVersion(parsing: "1.8.0-alpha.1")))
        #expect(cloudstack.isAvailable(in: TalosVersion(1, 8, 0)))
        #expect(try #require(Platform(named: "alibabacloud")).minimumVersion?.description == "1.14.0-beta.2")
        #expect(Platform.offered.count == 19)
        #expect(Platform.metal.name == "metal")
        #expect(Platform(named: "Metal") == nil)
    }
}

import Imaging
import TalosModel
import Testing

@Test(arguments: [
    ("", "1.0.0", true), (" ", "1.0.0", true),
    (">= v1.5.0", "1.5.0", true), (">=1.5.0", "1.4.9", false), (">= 1.0.0", "1.14.0-rc.1", true),
    // A prerelease counts as its release.
    (">= 1.14.0", "1.14.0-rc.1", true), ("< 1.14.0", "1.14.0-alpha.0", false),
    ("> 1.5.0", "1.5.0", false), ("> 1.5.0", "1.5.1", true), ("<= 1.5.0", "1.5.0", true), ("<= 1.5.0", "1.5.1", false),
    ("=1.5.0", "1.5.0", true), ("1.5.0", "1.5.0", true), ("==1.5.0", "1.5.1", false),
    ("!=1.5.0", "1.5.0", false), ("!1.5.0", "1.5.1", true),
    (">=1.5.0 <2.0.0", "1.9.9", true), (">=1.5.0 <2.0.0", "2.0.0", false), (">=1.5.0<2.0.0", "2.0.0", false),
    ("<1.2.0 || >=1.5.0", "1.1.0", true), ("<1.2.0 || >=1.5.0", "1.3.0", false), ("<1.2.0||>=v1.5.0", "1.6.0", true),
    (">=1.2.0 !=1.5.0 <1.8.0", "1.5.0", false), (">=1.2.0 !=1.5.0 <1.8.0", "1.5.1", true),
    ("1.5.x", "1.5.7", true), ("1.5.x", "1.6.0", false), (">1.5.x", "1.5.7", false), (">1.5.x", "1.6.0", true),
    ("<=1.5.x", "1.5.7", true), ("<=1.5.x", "1.6.0", false), ("<1.5.x", "1.4.9", true), ("!=1.5.x", "1.5.1", false),
    ("1.x", "1.99.0", true), ("1.x", "2.0.0", false), (">= v1.5", "1.5.0", true), (">= v1.5", "1.4.0", false),
    (">=1", "1.0.0", true), ("*", "1.0.0", true),
])
func rangesHoldOrNot(range: String, version: String, holds: Bool) throws {
    #expect(try VersionRange(parsing: range).contains(TalosVersion(parsing: version)) == holds)
}

@Test(arguments: [
    ">=", "nonsense", ">= 1.5.0 ||", "|| 1.5.0", "~1.5.0", "^1.5.0", "=>1.5.0", "1.5.0.0", "1..5", ">= v", "1.-5.0",
    "<x", ">=18446744073709551615", "<>1.5.0",
])
func whatIsNoRangeIsAnError(range: String) {
    #expect(throws: VersionRangeError.self) { try VersionRange(parsing: range) }
}

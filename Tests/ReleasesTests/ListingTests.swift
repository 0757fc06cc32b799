import Releases
import TalosModel
import Testing

@Suite struct ListingTests {
    @Test(
        arguments: [
            ([], []), (["v1.1.0"], []), (["v1.2.0", "v1.1.9", "v1.13.5"], ["v1.2.0", "v1.13.5"]),
            (["v1.14.0-alpha.1", "v1.13.0-beta.0", "v1.13.5"], ["v1.13.5", "v1.14.0-alpha.1"]),
            // Of the newest minor version: prereleases that are numbered alphas, betas and candidates.
            (
                [
                    "v1.14.0-rc.1", "v1.14.0-alpha.1", "v1.14.0-dev.1", "v1.14.0-rc", "v1.14.0-rc.x", "v1.14.0-rc.1.2",
                    "v1.14.0",
                ],
                ["v1.14.0-alpha.1", "v1.14.0-rc.1", "v1.14.0"]
            ),
            (["v1.9.0", "v1.10.0"], ["v1.9.0", "v1.10.0"]), (["v1.13.2", "v1.13.3"], ["v1.13.3"]),
        ] as [([String], [String])])
    func versionsAreListedByTheRules(_ versions: [String], _ listed: [String]) throws {
        let rules = ReleaseListing(broken: [TalosVersion(1, 13, 2)])
        let given = try versions.map { try TalosVersion(parsing: $0) }
        #expect(rules.listed(given).map(\.tag) == listed)
        #expect(rules.listed(given.reversed()).map(\.tag) == listed)
    }
}

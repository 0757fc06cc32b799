import CodecTesting
import Testing

@testable import CanonicalYAML

@Suite struct KeyOrderTests {
    @Test(arguments: [
        ["a", "a b", "a-b", "a.b", "a_b", "a1", "a01", "a001", "a2", "a10", "ab"],
        ["1", "1a", "1-", "1.5", "01", "001", "2", "10", "100"],
        ["", "-", "_", "9", "A", "B", "a", "b", "é", "日"],
        ["-a", ".0Z9", "_a.", "0", "0a", "1é", "9 Z-", "ab", "ª", "éA9"],
        ["v1.2.0", "v1.10.0"], ["eth1", "eth2", "eth10"], ["file1.txt", "file10.txt"],
    ]) func textIsOrderedAsGoVerifiedIt(_ keys: [String]) {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20 {
            let pairs = keys.shuffled(using: &generator).map { YAMLValue.Pair(.text($0), .null) }
            #expect(YAMLValue(sorting: pairs).pairs.map(\.key) == keys.map(YAMLValue.text))
        }
    }

    @Test func typesAreOrderedByKindAndNumbersByValue() {
        let keys: [YAMLValue] = [
            .float(-1), .bool(false), .int(0), .float(0.5), .bool(true), .int(1), .float(1),
            .int(9_007_199_254_740_992),
            .int(9_007_199_254_740_993), .uint(.max), .null, .text("a"),
        ]
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<20 {
            let pairs = keys.shuffled(using: &generator).map { YAMLValue.Pair($0, .null) }
            #expect(YAMLValue(sorting: pairs).pairs.map(\.key) == keys)
        }
    }

    @Test func digitsBeyondTheIntegersDoNotTrap() {
        let digits = String(repeating: "9", count: 400)
        let value = YAMLValue(sorting: [.init(.text("a" + digits), .null), .init(.text("a1"), .null)])
        #expect(value.pairs.count == 2)
    }
}

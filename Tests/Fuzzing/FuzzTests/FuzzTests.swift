import CodecTesting
import Foundation
import FuzzTargets
import Testing

/// What fuzzing begins with and what it has found, and some two thousand mutations: a fault ends the test process.
@Suite struct FuzzTests {
    @Test(arguments: FuzzTarget.allCases) func seedsAndTheirNeighboursDoNotTrap(target: FuzzTarget) throws {
        let folder = try #require(Bundle.module.url(forResource: "Seeds/\(target.rawValue)", withExtension: nil))
        let seeds = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!seeds.isEmpty)
        // META's blocks are large whatever is in them.
        let mutations = (target == .meta ? 40 : 2000) / seeds.count
        for (number, seed) in seeds.sorted(by: { $0.path < $1.path }).enumerated() {
            let bytes = Array(try Data(contentsOf: seed))
            target.run(bytes)
            exerciseDecoder(on: bytes, mutations: mutations, seed: UInt64(number)) { target.run(Array($0)) }
        }
    }
}

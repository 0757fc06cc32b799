import Foundation
import Loads

/// A measurement by name.
struct Benchmark: Sendable {
    var name: String
    var run: @Sendable (Workplace) throws -> [Figure]

    static let all: [Benchmark] = [
        Benchmark(name: "new-schematic") { try NewSchematic(place: $0).run() },
        Benchmark(name: "cached-asset") { try CachedAsset(place: $0).run() },
        Benchmark(name: "boot-scripts") { try BootScripts(place: $0).run() },
        Benchmark(name: "tftp") { try TFTPTransfers(place: $0).run() },
        Benchmark(name: "dhcp") { try Discovers(place: $0).run() },
        Benchmark(name: "reload") { try Reloads(place: $0).run() },
        Benchmark(name: "import") { try ReleaseImport(place: $0).run() },
        Benchmark(name: "rack") { try Rack(place: $0).run() },
    ]
}

@main
struct SlipwayBench {
    static func main() {
        let options = Options(CommandLine.arguments)
        let signals = CleanUp.runOnSignals()
        defer { withExtendedLifetime(signals) { CleanUp.run() } }
        var report = Report()
        do {
            let place = try Workplace(options)
            for benchmark in Benchmark.all where options.only.isEmpty || options.only.contains(benchmark.name) {
                place.tell("measuring \(benchmark.name)")
                report.entries.append(.init(benchmark: benchmark.name, outcome: Result { try benchmark.run(place) }))
            }
            CleanUp.passUnlessEnding()
            print(report.table(), terminator: "")
            try report.json().write(to: URL(fileURLWithPath: options.json), options: .atomic)
        } catch {
            complain("slipway-bench: \(error)\n")
            CleanUp.run()
            exit(1)
        }
        if !report.isComplete {
            CleanUp.run()
            exit(1)
        }
    }
}

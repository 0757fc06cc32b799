import Foundation
import Loads

/// What the command line says.
struct Options {
    /// The benchmarks to run; all when it names none.
    var only: [String] = []
    /// The program that is measured.
    var slipway: String
    /// An OCI layout with the three benchmark extensions; made when none is named.
    var layout: String?
    /// Where the JSON goes.
    var json: String
    /// Where stores, logs and files for the run lie.
    var folder: String

    static let usage = """
        usage: slipway-bench [--only NAME]... [--slipway PATH] [--layout DIR] [--json FILE]

        Measures Slipway against its peers on this host and prints a table. Takes some minutes, and wants the machine to
        itself. TFTP and DHCP are measured in network namespaces of their own, which needs root.

          --only NAME      measure only this: \(Benchmark.all.map(\.name).joined(separator: ", ")); may be repeated
          --slipway PATH   the program to measure (default: .build/release/slipway of the package around this one)
          --layout DIR     an OCI layout with the extensions bench-one, bench-two and bench-three for \(Release.version)
                           (default: made by talos-shaped-release, which lies beside slipway)
          --json FILE      where the figures go (default: .build/bench.json of the package around this one)
          --help           this text

        """

    /// Reads the arguments; ends the program on `--help` and on what it cannot read.
    init(_ arguments: [String]) {
        // This source file lies in PACKAGE/Benchmarks/Sources/slipway-bench.
        let package = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }.path
        slipway = "\(package)/.build/release/slipway"
        json = "\(package)/.build/bench.json"
        folder = "\(package)/.build/bench"
        var words = arguments.dropFirst()
        while let word = words.popFirst() {
            if word == "--help" || word == "-h" {
                print(Self.usage, terminator: "")
                exit(0)
            }
            guard ["--only", "--slipway", "--layout", "--json"].contains(word) else {
                Self.refuse("there is no option \(word)")
            }
            guard let value = words.popFirst() else { Self.refuse("\(word) lacks its value") }
            switch word {
            case "--only":
                guard Benchmark.all.contains(where: { $0.name == value }) else {
                    Self.refuse("there is no benchmark \(value)")
                }
                only.append(value)
            case "--slipway": slipway = URL(fileURLWithPath: value).path
            case "--layout": layout = URL(fileURLWithPath: value).path
            default: json = URL(fileURLWithPath: value).path
            }
        }
    }

    private static func refuse(_ problem: String) -> Never {
        complain("slipway-bench: \(problem)\n\(usage)")
        exit(64)
    }
}

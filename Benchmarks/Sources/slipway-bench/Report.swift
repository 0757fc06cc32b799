import Foundation
import Loads

/// The table and the JSON of a run.
struct Report {
    /// A benchmark and what came of it.
    struct Entry {
        var benchmark: String
        var outcome: Result<[Figure], any Error>
    }

    var entries: [Entry] = []
    /// The system's load before anything ran: a busy machine makes poor figures.
    let loadBefore = readText("/proc/loadavg").flatMap { $0.split(separator: " ").first }.flatMap { Double($0) } ?? 0
    private let began = Date()
    private let start = secondsNow()

    /// Whether every benchmark could be run, whatever its figures.
    var isComplete: Bool {
        entries.allSatisfy { if case .success = $0.outcome { true } else { false } }
    }

    /// The table, remarks below it.
    func table() -> String {
        var rows = [["measured", "Slipway", "peer", "ratio", "target", ""]]
        var remarks: [String] = []
        for entry in entries {
            switch entry.outcome {
            case .failure(let error): remarks.append("\(entry.benchmark) could not be measured: \(error)")
            case .success(let figures):
                for figure in figures {
                    rows += Self.rows(of: figure)
                    if let remark = figure.remark { remarks.append("\(figure.title): \(remark)") }
                }
            }
        }
        let widths = (0..<6).map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
        }
        lines.insert(widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "), at: 1)
        var text = lines.map { String($0.reversed().drop { $0 == " " }.reversed()) }.joined(separator: "\n") + "\n"
        if !remarks.isEmpty { text += "\n" + remarks.map { "* \($0)\n" }.joined() }
        let host = Self.host
        text +=
            "\n\(host.processors) processors, Linux \(host.kernel), load before the run \(Unit.digits(loadBefore)), "
            + "\(Unit.seconds.text(secondsNow() - start)) in all\n"
        return text
    }

    private static func rows(of figure: Figure) -> [[String]] {
        let first = [
            figure.title, figure.unit.text(figure.value),
            figure.peer.map { "\(figure.unit.text($0.value)) \($0.name)" } ?? "",
            figure.ratio.map { "\(Unit.digits($0))×" } ?? "",
        ]
        guard let target = figure.targets.first else { return [first + ["", ""]] }
        var rows = [first + [figure.text(of: target), figure.verdict(on: target)]]
        for other in figure.targets.dropFirst() {
            rows.append(["", "", "", "", figure.text(of: other), figure.verdict(on: other)])
        }
        return rows
    }

    private static var host: (processors: Int, kernel: String) {
        let release = readText("/proc/sys/kernel/osrelease") ?? "unknown"
        return (ProcessInfo.processInfo.activeProcessorCount, release.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    // MARK: - JSON

    private struct Document: Encodable {
        struct Benchmark: Encodable {
            var name: String
            var error: String?
            var figures: [Measured]
        }
        struct Measured: Encodable {
            struct Goal: Encodable {
                var text: String
                var reached: Bool
                var shortfall: Double?
            }
            var title: String
            var value: Double
            var unit: Unit
            var peer: String?
            var peerValue: Double?
            var ratio: Double?
            var targets: [Goal]
            var remark: String?
            var samples: [String: [Double]]
        }
        var date: Date
        var processors: Int
        var kernel: String
        var loadBefore: Double
        var seconds: Double
        var benchmarks: [Benchmark]
    }

    /// The report as JSON.
    func json() throws -> Data {
        let host = Self.host
        let document = Document(
            date: began, processors: host.processors, kernel: host.kernel, loadBefore: loadBefore,
            seconds: secondsNow() - start,
            benchmarks: entries.map { entry in
                switch entry.outcome {
                case .failure(let error): .init(name: entry.benchmark, error: "\(error)", figures: [])
                case .success(let figures): .init(name: entry.benchmark, figures: figures.map(Self.measured))
                }
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return try encoder.encode(document) + Data("\n".utf8)
    }

    private static func measured(_ figure: Figure) -> Document.Measured {
        Document.Measured(
            title: figure.title, value: figure.value, unit: figure.unit, peer: figure.peer?.name,
            peerValue: figure.peer?.value, ratio: figure.ratio,
            targets: figure.targets.map { target in
                let shortfall = figure.shortfall(of: target)
                return .init(text: figure.text(of: target), reached: shortfall == nil, shortfall: shortfall)
            },
            remark: figure.remark, samples: figure.samples)
    }
}

/// The middle of some numbers.
func median(_ values: [Double]) throws -> Double {
    guard !values.isEmpty else { throw Failure("nothing was measured") }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

import Foundation

/// What a number counts, and how people read it.
enum Unit: String, Codable {
    case seconds
    case bytes
    case bytesPerProcessorSecond = "bytes per CPU second"
    case answersPerProcessorSecond = "answers per CPU second"
    case perSecond = "per second"

    /// The number with three digits that count.
    func text(_ value: Double) -> String {
        switch self {
        case .seconds:
            if value < 1e-3 { return "\(Self.digits(value * 1e6)) µs" }
            return value < 1 ? "\(Self.digits(value * 1e3)) ms" : "\(Self.digits(value)) s"
        case .bytes: return "\(Self.scaled(value))B"
        case .bytesPerProcessorSecond: return "\(Self.scaled(value))B/CPU-s"
        case .answersPerProcessorSecond: return "\(Int(value.rounded()))/CPU-s"
        case .perSecond: return "\(Int(value.rounded()))/s"
        }
    }

    private static func scaled(_ value: Double) -> String {
        for (limit, letter) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= limit {
            return "\(digits(value / limit)) \(letter)"
        }
        return "\(digits(value)) "
    }

    static func digits(_ value: Double) -> String {
        String(format: value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)
    }
}

/// What must be reached.
enum Target: Codable {
    /// The value is at least so many times as good as the peer's.
    case ratioAtLeast(Double)
    case atLeast(Double)
    case atMost(Double)
}

/// One measured thing.
struct Figure {
    /// The peer's value of the same run.
    struct Peer {
        var name: String
        var value: Double
    }

    /// What was measured.
    var title: String
    /// How Slipway does.
    var value: Double
    var unit: Unit
    var peer: Peer?
    /// Targets that this figure must reach; none when it is there for the reader only.
    var targets: [Target] = []
    /// What one should know to read the figure.
    var remark: String?
    /// Every measured number behind it, for the JSON.
    var samples: [String: [Double]] = [:]

    /// How many times as good as the peer: for times, how many times as fast.
    var ratio: Double? {
        guard let peer, value > 0, peer.value > 0 else { return nil }
        return unit == .seconds || unit == .bytes ? peer.value / value : value / peer.value
    }

    /// How far short of a target it falls, as a share of the target; nil when it is reached.
    func shortfall(of target: Target) -> Double? {
        switch target {
        case .ratioAtLeast(let wanted):
            let ratio = ratio ?? 0
            return ratio >= wanted ? nil : 1 - ratio / wanted
        case .atLeast(let wanted): return value >= wanted ? nil : 1 - value / wanted
        case .atMost(let wanted): return value <= wanted ? nil : value / wanted - 1
        }
    }

    func text(of target: Target) -> String {
        switch target {
        case .ratioAtLeast(let wanted): "≥ \(Unit.digits(wanted))×"
        case .atLeast(let wanted): "≥ \(unit.text(wanted))"
        case .atMost(let wanted): "≤ \(unit.text(wanted))"
        }
    }

    /// "reached", or by how much not.
    func verdict(on target: Target) -> String {
        shortfall(of: target).map { "missed by \(String(format: "%.0f", max(1, $0 * 100))) %" } ?? "reached"
    }
}

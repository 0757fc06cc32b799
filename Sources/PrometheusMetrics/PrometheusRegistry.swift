import CoreMetrics
import Synchronization

/// Keeps what swift-metrics' counters, meters and timers report, and prints it in Prometheus' text format (version 0.0.4).
///
/// Labels must be bounded: a route, a kind, a status; never a MAC address, a URL or a schematic.
public final class PrometheusRegistry: Sendable {
    /// A name with labels. It is looked up with each thing that is counted, so its hash is made once.
    struct Series: Hashable {
        let name: String
        let labels: [String: String]
        private let digest: Int

        init(name: String, labels: [String: String]) {
            self.name = name
            self.labels = labels
            var hasher = Hasher()
            hasher.combine(name)
            hasher.combine(labels)
            digest = hasher.finalize()
        }

        func hash(into hasher: inout Hasher) { hasher.combine(digest) }
    }

    enum Value {
        case counter(Double)
        case gauge(Double)
        case histogram(buckets: [UInt64], sum: Double, count: UInt64)
    }

    /// Upper bounds of the histograms' buckets, in seconds for timers and in plain units for recorders.
    static let bounds: [Double] = [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60, 600]

    private let values = Mutex<[Series: Value]>([:])

    /// An empty registry.
    public init() {}

    func add(_ amount: Double, to series: Series) {
        values.withLock { values in
            guard case .counter(let total)? = values[series] else { return values[series] = .counter(amount) }
            values[series] = .counter(total + amount)
        }
    }

    func set(_ value: Double, for series: Series) { values.withLock { $0[series] = .gauge(value) } }

    func change(_ series: Series, by amount: Double) {
        values.withLock { values in
            guard case .gauge(let value)? = values[series] else { return values[series] = .gauge(amount) }
            values[series] = .gauge(value + amount)
        }
    }

    func observe(_ value: Double, for series: Series) {
        values.withLock { values in
            guard let index = values.index(forKey: series),
                case .histogram(var buckets, let sum, let count) = values.values[index]
            else {
                let buckets = Self.bounds.map { value <= $0 ? UInt64(1) : 0 }
                return values[series] = .histogram(buckets: buckets, sum: value, count: 1)
            }
            // With two owners, the buckets would be copied before they are changed.
            values.values[index] = .counter(0)
            for bucket in Self.bounds.indices where value <= Self.bounds[bucket] { buckets[bucket] += 1 }
            values.values[index] = .histogram(buckets: buckets, sum: sum + value, count: count + 1)
        }
    }

    func remove(_ series: Series) { values.withLock { $0[series] = nil } }

    /// Everything in the text format, sorted, so that two looks at the same state are equal.
    public func render() -> String {
        let snapshot = values.withLock { $0 }
        var text = ""
        let names = Dictionary(grouping: snapshot) { $0.key.name }
        for (name, series) in names.sorted(by: { $0.key < $1.key }) {
            guard let first = series.first?.value else { continue }
            text += "# TYPE \(name) \(first.typeName)\n"
            let lines = series.map { ($0.key.labelText(), $0.key, $0.value) }.sorted { $0.0 < $1.0 }
            for (labels, key, value) in lines { text += value.lines(name: name, labels: labels, series: key) }
        }
        return text
    }
}

extension PrometheusRegistry.Value {
    fileprivate var typeName: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    fileprivate func lines(name: String, labels: String, series: PrometheusRegistry.Series) -> String {
        switch self {
        case .counter(let value), .gauge(let value):
            return "\(name)\(labels) \(value.metricText)\n"
        case .histogram(let buckets, let sum, let count):
            var text = ""
            for (bound, total) in zip(PrometheusRegistry.bounds, buckets) {
                text += "\(name)_bucket\(series.labelText(adding: ("le", bound.metricText))) \(total)\n"
            }
            text += "\(name)_bucket\(series.labelText(adding: ("le", "+Inf"))) \(count)\n"
            return text + "\(name)_sum\(labels) \(sum.metricText)\n\(name)_count\(labels) \(count)\n"
        }
    }
}

extension PrometheusRegistry.Series {
    func labelText(adding extra: (name: String, value: String)? = nil) -> String {
        var pairs = labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        if let extra { pairs.append(extra) }
        guard !pairs.isEmpty else { return "" }
        return "{" + pairs.map { "\($0.0.metricName)=\"\($0.1.escapedLabel)\"" }.joined(separator: ",") + "}"
    }
}

extension Double {
    fileprivate var metricText: String {
        if let whole = Int64(exactly: self) { return String(whole) }
        return isNaN ? "NaN" : self == .infinity ? "+Inf" : self == -.infinity ? "-Inf" : description
    }
}

extension String {
    /// With every character that a metric's name cannot have replaced by `_`.
    var metricName: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    switch scalar {
                    case "a"..."z", "A"..."Z", "0"..."9", "_", ":": scalar
                    default: "_"
                    }
                }))
    }

    fileprivate var escapedLabel: String {
        var text = ""
        for character in unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}

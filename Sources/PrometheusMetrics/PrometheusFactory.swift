import CoreMetrics

extension PrometheusRegistry: MetricsFactory {
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let name = label.metricName
        let handler = CounterSeries(
            registry: self, series: series(name.hasSuffix("_total") ? name : "\(name)_total", dimensions))
        handler.increment(by: 0)
        return handler
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        MeterSeries(registry: self, series: series(label.metricName, dimensions))
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        RecorderSeries(registry: self, series: series(label.metricName, dimensions), aggregate: aggregate)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.metricName
        return TimerSeries(
            registry: self, series: series(name.hasSuffix("_seconds") ? name : "\(name)_seconds", dimensions))
    }

    public func destroyCounter(_ handler: any CounterHandler) { (handler as? CounterSeries).map { remove($0.series) } }
    public func destroyMeter(_ handler: any MeterHandler) { (handler as? MeterSeries).map { remove($0.series) } }
    public func destroyRecorder(_ handler: any RecorderHandler) {
        (handler as? RecorderSeries).map { remove($0.series) }
    }
    public func destroyTimer(_ handler: any TimerHandler) { (handler as? TimerSeries).map { remove($0.series) } }

    private func series(_ name: String, _ dimensions: [(String, String)]) -> Series {
        Series(name: name, labels: Dictionary(dimensions) { _, last in last })
    }
}

private final class CounterSeries: CounterHandler {
    let registry: PrometheusRegistry
    let series: PrometheusRegistry.Series

    init(registry: PrometheusRegistry, series: PrometheusRegistry.Series) {
        self.registry = registry
        self.series = series
    }

    func increment(by amount: Int64) { registry.add(Double(amount), to: series) }
    func reset() { registry.remove(series) }
}

private final class MeterSeries: MeterHandler {
    let registry: PrometheusRegistry
    let series: PrometheusRegistry.Series

    init(registry: PrometheusRegistry, series: PrometheusRegistry.Series) {
        self.registry = registry
        self.series = series
    }

    func set(_ value: Int64) { registry.set(Double(value), for: series) }
    func set(_ value: Double) { registry.set(value, for: series) }
    func increment(by amount: Double) { registry.change(series, by: amount) }
    func decrement(by amount: Double) { registry.change(series, by: -amount) }
}

private final class RecorderSeries: RecorderHandler {
    let registry: PrometheusRegistry
    let series: PrometheusRegistry.Series
    let aggregate: Bool

    init(registry: PrometheusRegistry, series: PrometheusRegistry.Series, aggregate: Bool) {
        self.registry = registry
        self.series = series
        self.aggregate = aggregate
    }

    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) {
        if aggregate { registry.observe(value, for: series) } else { registry.set(value, for: series) }
    }
}

private final class TimerSeries: TimerHandler {
    let registry: PrometheusRegistry
    let series: PrometheusRegistry.Series

    init(registry: PrometheusRegistry, series: PrometheusRegistry.Series) {
        self.registry = registry
        self.series = series
    }

    func recordNanoseconds(_ duration: Int64) { registry.observe(Double(duration) / 1e9, for: series) }
}

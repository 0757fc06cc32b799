import CoreMetrics
import PrometheusMetrics
import Testing

@Suite struct PrometheusRegistryTests {
    @Test func textFormat() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "dhcp.answers", dimensions: [("kind", "a\"b\n")]).increment(by: 3)
        registry.makeMeter(label: "machines", dimensions: []).set(Int64(7))
        registry.makeTimer(label: "build", dimensions: []).recordNanoseconds(2_000_000)
        let text = registry.render()
        #expect(text.contains("# TYPE dhcp_answers_total counter\ndhcp_answers_total{kind=\"a\\\"b\\n\"} 3\n"))
        #expect(text.contains("# TYPE machines gauge\nmachines 7\n"))
        #expect(text.contains("build_seconds_bucket{le=\"0.001\"} 0\nbuild_seconds_bucket{le=\"0.005\"} 1\n"))
        #expect(text.contains("build_seconds_bucket{le=\"+Inf\"} 1\nbuild_seconds_sum 0.002\nbuild_seconds_count 1\n"))
        #expect(registry.render() == text)
    }

    @Test func aCounterIsThereFromTheStart() {
        let registry = PrometheusRegistry()
        _ = registry.makeCounter(label: "reloads_refused_total", dimensions: [])
        #expect(registry.render() == "# TYPE reloads_refused_total counter\nreloads_refused_total 0\n")
    }
}

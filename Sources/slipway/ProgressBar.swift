import Assembly
import Foundation

/// Progress on a terminal for work that takes more than a second; silent when standard error is no terminal.
final class ProgressBar {
    private let title: String
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private var shown: ContinuousClock.Instant?
    /// Where it was a few seconds ago, for the rate.
    private var marks: [(time: ContinuousClock.Instant, done: UInt64)] = []

    init(_ title: String) { self.title = TerminalText.line(title) }

    /// Shows how far it is, ten times a second at most.
    func show(done: UInt64, total: UInt64) {
        let now = ContinuousClock.now
        guard isTerminal, now - start > .seconds(1), shown.map({ now - $0 > .milliseconds(100) }) ?? true else {
            return
        }
        shown = now
        let percent = total == 0 ? 0 : min(100, Int(Double(done) / Double(total) * 100))
        let filled = percent * 30 / 100
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        write("\r\(title) \(bar) \(percent) % of \(total >> 20) MiB\(rate(done, total, now))\u{1b}[K")
    }

    /// How fast it goes, by the last five seconds, and how long the rest takes at that.
    private func rate(_ done: UInt64, _ total: UInt64, _ now: ContinuousClock.Instant) -> String {
        marks.append((now, done))
        while marks.count > 2, now - marks[0].time > .seconds(5) { marks.removeFirst() }
        let seconds = (now - marks[0].time) / .seconds(1)
        guard seconds > 0.5, done >= marks[0].done else { return "" }
        let bytesPerSecond = Double(done - marks[0].done) / seconds
        guard bytesPerSecond > 0 else { return ", nothing comes" }
        let left = total > done ? Double(total - done) / bytesPerSecond : 0
        let time =
            left < 99 ? "\(Int(left.rounded(.up))) s" : left < 5_940 ? "\(Int((left / 60).rounded(.up))) min" : "hours"
        return String(format: ", %.1f MiB/s, ", bytesPerSecond / Double(1 << 20)) + "\(time) left"
    }

    /// Clears the line.
    func finish() { if shown != nil { write("\r\u{1b}[K") } }

    private func write(_ text: String) { showOnTerminal(text) }
}

/// Runs work while a terminal shows for how many seconds it has been going on.
func withProgress<Value: Sendable>(_ title: String, _ work: @escaping @Sendable () async throws -> Value) async throws
    -> Value
{
    guard isatty(STDERR_FILENO) == 1 else { return try await work() }
    let title = TerminalText.line(title)
    let ticker = Task {
        var seconds = 0
        while true {
            try await Task.sleep(for: .seconds(1))
            seconds += 1
            showOnTerminal("\r\(title) … \(seconds) s\u{1b}[K")
        }
    }
    defer {
        ticker.cancel()
        showOnTerminal("\r\u{1b}[K")
    }
    return try await work()
}

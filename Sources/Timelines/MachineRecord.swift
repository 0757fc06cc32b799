import Foundation
import NetworkTypes

/// What is kept of a machine's boots beyond the life of a process.
public struct MachineRecord: Codable, Hashable, Sendable {
    /// One boot.
    public struct Boot: Codable, Hashable, Sendable {
        /// When the machine was first seen in it, in milliseconds since 1970.
        public var started: Int64
        /// When it was last heard of, in milliseconds since then.
        public var last: Int64
        /// The furthest stage that went well.
        public var progress: BootStage
        /// Whether something failed after it.
        public var failed: Bool
        /// Whether nothing more is expected.
        public var complete: Bool
        /// How many further steps were not kept.
        public var dropped: Int
        /// Its steps in order.
        public var steps: [Step]
    }

    /// One step of a boot.
    public struct Step: Codable, Hashable, Sendable {
        /// Which stage.
        public var stage: BootStage
        /// What exactly.
        public var detail: String
        /// When, in milliseconds since the boot began.
        public var at: Int64
        /// When it happened last, in milliseconds since the boot began.
        public var last: Int64
        /// How often it happened.
        public var count: Int
    }

    /// The Ethernet address with colons.
    public var mac: String
    /// The last address that it had.
    public var address: String?
    /// Its processor architecture, as it told last.
    public var architecture: String?
    /// Its boots, the latest first.
    public var boots: [Boot]
}

extension BootStory {
    /// About how many bytes its record has.
    var recordSize: Int { steps.reduce(176) { $0 + $1.recordSize } }

    /// What is kept of it.
    var record: MachineRecord.Boot {
        func sinceStart(_ time: Duration) -> Int64 { (time - start).milliseconds }
        return MachineRecord.Boot(
            started: Int64(exactly: (started.timeIntervalSince1970 * 1000).rounded(.down)) ?? 0,
            last: sinceStart(lastTime),
            progress: progress, failed: hasFailed, complete: isComplete, dropped: dropped,
            steps: steps.map { step in
                MachineRecord.Step(
                    stage: step.stage, detail: step.detail, at: sinceStart(step.at), last: sinceStart(step.last),
                    count: step.count)
            })
    }

    /// A boot as it was kept. Whatever the record says, it keeps to the limits, and nothing of it lies in the future.
    ///
    /// - Parameters:
    ///   - date: The date of now.
    ///   - time: The time of now.
    init(_ record: MachineRecord.Boot, date: Date, at time: Duration, limits: BootTimeline.Limits) {
        let decade: Int64 = 10 * 366 * 86_400_000
        let now = Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded(.down)) ?? 0
        let started = min(max(record.started, 0), now)
        let age = min(now - started, decade)
        let start = time - .milliseconds(age)
        func moment(_ offset: Int64) -> Duration { start + .milliseconds(min(max(offset, 0), age)) }
        self.init(started: Date(timeIntervalSince1970: Double(started) / 1000), at: start)
        restore(
            steps: record.steps.suffix(max(1, limits.events)).map { step in
                Step(
                    stage: step.stage, detail: limits.cut(step.detail), at: moment(step.at), last: moment(step.last),
                    count: min(max(step.count, 1), 1 << 48))
            }, dropped: min(max(record.dropped, 0), 1 << 48),
            progress: record.progress == .failed ? .seen : record.progress,
            hasFailed: record.failed, isComplete: record.complete, last: moment(record.last))
    }
}

extension Duration {
    /// Whole milliseconds.
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? (seconds < 0 ? .min : .max) : product + attoseconds / 1_000_000_000_000_000
    }
}

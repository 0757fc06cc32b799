import Foundation

/// The steps of one boot, as they are kept.
struct BootStory: Sendable {
    struct Step: Sendable {
        var stage: BootStage
        var detail: String
        var at: Duration
        var last: Duration
        var count = 1
    }

    let started: Date
    let start: Duration
    private(set) var steps: [Step] = []
    private(set) var dropped = 0
    /// The furthest stage that went well.
    private var progress: BootStage = .seen
    private var hasFailed = false
    private(set) var lastTime: Duration

    init(started: Date, at time: Duration) {
        self.started = started
        start = time
        lastTime = time
    }

    /// How far it has come; a failure counts until something goes well after it.
    var reached: BootStage { hasFailed ? .failed : progress }

    /// Whether an event cannot belong to this boot any more.
    ///
    /// A machine asks the network again within one boot: firmware retries and tries other protocols, and iPXE asks for
    /// itself once it was loaded. But what has fetched its script does not ask again before it starts anew.
    func isOver(for event: BootEvent, at time: Duration, quiet: Duration) -> Bool {
        guard event.stage == .seen || event.stage == .offered else { return false }
        if time - lastTime > quiet || progress >= .script { return true }
        return event.startsBoot && progress >= .loader
    }

    /// Adds a step; one that has happened already is only counted.
    /// - Returns: The time since the step before, if this is a new one that was kept.
    mutating func add(_ event: BootEvent, at time: Duration, limit: Int) -> Duration? {
        let previous = lastTime
        lastTime = max(lastTime, time)
        if let index = steps.lastIndex(where: { $0.stage == event.stage && $0.detail == event.detail }) {
            steps[index].count += 1
            steps[index].last = time
            return nil
        }
        hasFailed = event.stage == .failed
        if !hasFailed { progress = max(progress, event.stage) }
        guard steps.count < limit else {
            dropped += 1
            return nil
        }
        steps.append(Step(stage: event.stage, detail: event.detail, at: time, last: time))
        return time - previous
    }

    var snapshot: BootSnapshot {
        var previous = start
        let events = steps.map { step in
            defer { previous = step.at }
            return EventSnapshot(
                stage: step.stage, detail: step.detail, at: (step.at - start).inSeconds,
                after: (step.at - previous).inSeconds, count: step.count, last: (step.last - start).inSeconds)
        }
        return BootSnapshot(
            started: started, duration: (lastTime - start).inSeconds, stage: reached, events: events, dropped: dropped)
    }
}

extension Duration {
    /// Seconds, to the millisecond.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return (Double(seconds) * 1000 + Double(attoseconds / 1_000_000_000_000_000)) / 1000
    }
}

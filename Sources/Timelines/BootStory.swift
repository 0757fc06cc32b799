import Foundation
import NetworkTypes

/// The steps of one boot, as they are kept.
struct BootStory: Sendable {
    struct Step: Sendable {
        var stage: BootStage
        var detail: String
        var at: Duration
        var last: Duration
        var count: Int
        /// About how many bytes it has in a record; hardly ever more.
        let recordSize: Int

        init(stage: BootStage, detail: String, at: Duration, last: Duration, count: Int = 1) {
            self.stage = stage
            self.detail = detail
            self.at = at
            self.last = last
            self.count = count
            recordSize = detail.utf8.reduce(96) { size, byte in
                // As JSON writes control characters, and what has a backslash before it.
                size + (byte < 0x20 ? 6 : byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? 2 : 1)
            }
        }
    }

    let started: Date
    let start: Duration
    private(set) var steps: [Step] = []
    private(set) var dropped = 0
    /// The furthest stage that went well.
    private(set) var progress: BootStage = .seen
    private(set) var hasFailed = false
    /// Whether nothing more is expected.
    private(set) var isComplete = false
    private var isStalled = false
    /// How many new steps there were.
    private var newSteps = 0
    private(set) var lastTime: Duration

    init(started: Date, at time: Duration) {
        self.started = started
        start = time
        lastTime = time
        // Whoever asks is told, so that there are two steps at once.
        steps.reserveCapacity(2)
    }

    /// Takes over what was kept of a boot. Nothing is said of its standing still: while nobody listened it may have gone on.
    mutating func restore(
        steps: [Step], dropped: Int, progress: BootStage, hasFailed: Bool, isComplete: Bool, last: Duration
    ) {
        self.steps = steps
        self.dropped = dropped
        newSteps = steps.count + dropped
        self.progress = progress
        self.hasFailed = hasFailed
        self.isComplete = isComplete
        isStalled = true
        lastTime = last
    }

    /// How far it has come; a failure counts until something goes well after it.
    var reached: BootStage { hasFailed ? .failed : progress }

    /// Whether the machine asked how to boot, by DHCP or for its script.
    var hasAskedToBoot: Bool { dropped > 0 || steps.contains { $0.stage < .kernel } }

    /// Whether an event cannot belong to this boot any more.
    ///
    /// A machine asks the network again within one boot: firmware retries and tries other protocols, and iPXE asks for
    /// itself once it was loaded. But what has fetched its script does not ask again before it starts anew.
    func isOver(for event: BootEvent, at time: Duration, quiet: Duration) -> Bool {
        switch event.stage {
        case .seen, .offered:
            if time - lastTime > quiet || progress >= .script { return true }
            return event.startsBoot && progress >= .loader
        case .failed: return time - lastTime > quiet
        case .loader, .script, .kernel, .initramfs, .config: return false
        }
    }

    /// Adds a step; one that has happened already is only counted.
    /// - Returns: The time since the step before, if this is a new one that is worth a line in the log.
    mutating func add(_ event: BootEvent, at time: Duration, limit: Int) -> Duration? {
        let previous = lastTime
        lastTime = max(lastTime, time)
        isStalled = false
        isComplete = event.endsBoot
        return keep(event.stage, event.detail, at: time, limit: limit) ? time - previous : nil
    }

    /// Notes that nothing was heard for a while.
    /// - Returns: Whether this is new, and worth a line in the log.
    mutating func noteStall(_ detail: String, at time: Duration, limit: Int) -> Bool {
        isStalled = true
        return keep(.failed, detail, at: time, limit: limit)
    }

    private mutating func keep(_ stage: BootStage, _ detail: String, at time: Duration, limit: Int) -> Bool {
        if let index = steps.lastIndex(where: { $0.stage == stage && $0.detail == detail }) {
            steps[index].count += 1
            steps[index].last = time
            return false
        }
        hasFailed = stage == .failed
        if !hasFailed { progress = max(progress, stage) }
        steps.append(Step(stage: stage, detail: detail, at: time, last: time))
        newSteps += 1
        // What failed may be of a stranger's making, and must not drive out what went well.
        let failures = steps.lazy.filter { $0.stage == .failed }.count
        if failures > max(1, limit / 4), let oldest = steps.firstIndex(where: { $0.stage == .failed }) {
            steps.remove(at: oldest)
        } else if steps.count > limit {
            steps.removeFirst()
        }
        dropped = newSteps - steps.count
        return newSteps <= 4 * limit
    }

    /// Where the boot stands still, if it does and that was not noted yet.
    func stall(at time: Duration) -> StalledBoot.Place? {
        // Cheap for the many of which nothing is expected: all of them are looked at, with the timeline locked.
        guard !isStalled, !isComplete, time - lastTime >= StalledBoot.shortestPatience,
            let place = StalledBoot.Place(progress, loaderIsLast: loaderIsLast),
            time - lastTime >= place.patience
        else { return nil }
        return place
    }

    /// Whether nothing has been offered since a loader was fetched, or offered last was a loader.
    private var loaderIsLast: Bool {
        guard let offer = last(.offered), steps[offer].detail.isURL(of: ServicePath.firstScript) else {
            return true
        }
        guard let loader = last(.loader) else { return false }
        return (steps[loader].last, loader) > (steps[offer].last, offer)
    }

    /// The step of a stage that happened last; steps that repeat keep their place.
    private func last(_ stage: BootStage) -> Int? {
        steps.indices.filter { steps[$0].stage == stage }.max { (steps[$0].last, $0) < (steps[$1].last, $1) }
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

extension String {
    fileprivate func isURL(of path: String) -> Bool { utf8.suffix(path.utf8.count).elementsEqual(path.utf8) }
}

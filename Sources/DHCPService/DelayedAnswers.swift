/// Answers that are held back for ROMs that miss one that comes at once; bounded, the rest go at once.
struct DelayedAnswers<Element> {
    private var waiting: [(due: ContinuousClock.Instant, element: Element)] = []

    static var capacity: Int { 1024 }

    /// Holds an answer back; false if there is no room.
    mutating func hold(_ element: Element, until due: ContinuousClock.Instant) -> Bool {
        guard waiting.count < Self.capacity else { return false }
        let index = waiting.firstIndex { $0.due > due } ?? waiting.endIndex
        waiting.insert((due, element), at: index)
        return true
    }

    /// Those whose time has come.
    mutating func due(at now: ContinuousClock.Instant) -> [Element] {
        guard let first = waiting.first, first.due <= now else { return [] }
        let count = waiting.prefix { $0.due <= now }.count
        defer { waiting.removeFirst(count) }
        return waiting.prefix(count).map(\.element)
    }

    /// Milliseconds until the next is due, for poll; -1 if there is none.
    func timeout(at now: ContinuousClock.Instant) -> Int32 {
        guard let first = waiting.first else { return -1 }
        let (seconds, attoseconds) = now.duration(to: first.due).components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1
        return Int32(clamping: max(0, milliseconds))
    }
}

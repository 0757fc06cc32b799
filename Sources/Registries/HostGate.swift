/// Whom a registry has told to slow down: whoever asks that registry next waits until it wants to be asked again, whichever of many
/// transfers had been told.
actor HostGate {
    private var openings: [RegistryURL.Origin: ContinuousClock.Instant] = [:]

    /// How many registries are kept in mind.
    private static let limit = 256

    /// Lets nobody ask before `wait` is over.
    func close(_ origin: RegistryURL.Origin, for wait: Duration) {
        let now = ContinuousClock.now
        if openings.count >= Self.limit {
            openings = openings.filter { $0.value > now }
            if openings.count >= Self.limit, let first = openings.min(by: { $0.value < $1.value }) {
                openings[first.key] = nil
            }
        }
        let opening = now + wait
        openings[origin] = max(openings[origin] ?? opening, opening)
    }

    /// How long to wait before asking: nothing, or until the gate opens and a little more, so that not all come at once.
    func wait(for origin: RegistryURL.Origin) -> Duration? {
        guard let opening = openings[origin] else { return nil }
        let left = ContinuousClock.now.duration(to: opening)
        guard left > .zero else {
            openings[origin] = nil
            return nil
        }
        return left + .milliseconds(Int64.random(in: 0...250))
    }
}

/// Callers that wait for a thread: clients take turns, and of one client whoever has waited longest is next.
struct WaitingLine {
    /// Who is told that a thread is free, or that none will be.
    typealias Caller = CheckedContinuation<Void, any Error>

    /// How many threads are taken.
    var running = 0

    private struct Entry {
        var caller: Caller
        var client: BlockingWork.Client
    }

    private var waiting: [UInt64: Entry] = [:]
    /// Each client's tickets, which ascend; no client is here without any.
    private var tickets: [BlockingWork.Client: [UInt64]] = [:]
    /// The clients that wait, in the order of their turns.
    private var turns: [BlockingWork.Client] = []
    private var nextTicket: UInt64 = 0

    /// How many wait.
    var count: Int { waiting.count }

    /// A ticket that nobody else has.
    mutating func newTicket() -> UInt64 {
        defer { nextTicket += 1 }
        return nextTicket
    }

    /// Puts a caller behind the others of its client.
    mutating func add(_ caller: Caller, _ ticket: UInt64, of client: BlockingWork.Client) {
        waiting[ticket] = Entry(caller: caller, client: client)
        if tickets[client] == nil { turns.append(client) }
        tickets[client, default: []].append(ticket)
    }

    /// Takes out the next caller. Its client has its next turn after all the others.
    mutating func next() -> Caller? {
        guard let client = turns.first, let ticket = tickets[client]?.first else { return nil }
        turns.removeFirst()
        if let count = tickets[client]?.count, count > 1 {
            tickets[client]?.removeFirst()
            turns.append(client)
        } else {
            tickets[client] = nil
        }
        return waiting.removeValue(forKey: ticket)?.caller
    }

    /// Takes out a caller that leaves; nil if it does not wait.
    mutating func remove(_ ticket: UInt64) -> Caller? {
        guard let entry = waiting.removeValue(forKey: ticket) else { return nil }
        tickets[entry.client]?.removeAll { $0 == ticket }
        if tickets[entry.client]?.isEmpty ?? true {
            tickets[entry.client] = nil
            turns.removeAll { $0 == entry.client }
        }
        return entry.caller
    }

    /// Takes out the newest caller of the client with the most, if even without it that client would have no fewer than
    /// `client` with one more.
    mutating func makeRoom(for client: BlockingWork.Client) -> Caller? {
        guard let most = tickets.max(by: { $0.value.count < $1.value.count }),
            most.value.count > tickets[client, default: []].count + 1, let newest = most.value.last
        else { return nil }
        return remove(newest)
    }
}

import Synchronization

/// A common budget for the memory that bodies take: of requests while they arrive and wait to be read, and of answers while
/// clients take them. Each client has a share of it, so that one cannot use it up.
final class BodyBudget: Sendable {
    /// How many bytes all bodies together may have.
    let total: Int
    /// How many of them may be one client's.
    let share: Int

    private let state = Mutex(State())

    private struct State {
        var used = 0
        var clients: [ClientKey: Int] = [:]
    }

    /// A budget that holds some bodies of `limit` bytes, and a good many more of the usual size. The longest text that a
    /// store holds, 16 MiB, fits into anybody's share.
    init(bodiesOf limit: Int) {
        total = max(48 << 20, 3 * limit)
        share = max(16 << 20, limit)
    }

    /// How many bytes are in use.
    var used: Int { state.withLock { $0.used } }

    /// A reservation of no bytes yet.
    func reservation(for client: ClientKey) -> Reservation { Reservation(budget: self, client: client) }

    /// Bytes of the budget that are given back with it.
    final class Reservation: Sendable {
        private let budget: BodyBudget
        private let client: ClientKey
        private let bytes = Mutex(0)

        fileprivate init(budget: BodyBudget, client: ClientKey) {
            self.budget = budget
            self.client = client
        }

        deinit { budget.add(-bytes.withLock { $0 }, client) }

        /// Reserves more.
        ///
        /// - Returns: Whether the budget had so much.
        func grow(by count: Int) -> Bool {
            guard budget.addIfItFits(count, client) else { return false }
            bytes.withLock { $0 += count }
            return true
        }

        /// Reserves exactly so much from now on. What has been made already is counted even where it does not fit, which
        /// keeps others out until it is gone.
        func settle(at count: Int) {
            let change = bytes.withLock { bytes in
                defer { bytes = count }
                return count - bytes
            }
            budget.add(change, client)
        }
    }

    private func addIfItFits(_ count: Int, _ client: ClientKey) -> Bool {
        state.withLock { state in
            guard state.used + count <= total, state.clients[client, default: 0] + count <= share else { return false }
            state.used += count
            state.clients[client, default: 0] += count
            return true
        }
    }

    private func add(_ count: Int, _ client: ClientKey) {
        state.withLock { state in
            state.used += count
            let remaining = state.clients[client, default: 0] + count
            state.clients[client] = remaining > 0 ? remaining : nil
        }
    }
}

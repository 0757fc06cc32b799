import ConfigurationYAML
import DHCPService
import Machines
import Metrics
import Netboot
import Synchronization
import TFTPService

// The servers count for themselves, without a lock in a packet's way; a look at /metrics brings the published counters up to
// their totals.

/// Counters that follow totals which are kept elsewhere.
final class CounterMirror: Sendable {
    private let published = Mutex<[String: UInt64]>([:])

    /// Raises the counter of a name and labels to `total`.
    func follow(_ total: UInt64, _ name: String, _ labels: [(String, String)] = []) {
        let key = name + labels.map { "|\($0.0)=\($0.1)" }.joined()
        let growth = published.withLock { published in
            let before = published[key] ?? 0
            published[key] = max(before, total)
            return total > before ? total - before : 0
        }
        Counter(label: name, dimensions: labels).increment(by: Int64(clamping: growth))
    }
}

extension DHCPCounters {
    func publish(to mirror: CounterMirror) {
        mirror.follow(received, "slipway_dhcp_received_total")
        mirror.follow(answered, "slipway_dhcp_answered_total")
        mirror.follow(malformed, "slipway_dhcp_malformed_total")
        mirror.follow(unaddressed, "slipway_dhcp_unaddressed_total")
        mirror.follow(unsent, "slipway_dhcp_unsent_total")
        for reason in Silence.Label.allCases {
            mirror.follow(ignored[reason] ?? 0, "slipway_dhcp_ignored_total", [("reason", reason.rawValue)])
        }
    }
}

extension TFTPCounters {
    func publish(to mirror: CounterMirror) {
        mirror.follow(requests, "slipway_tftp_requests_total")
        mirror.follow(refused, "slipway_tftp_refused_total")
        mirror.follow(started, "slipway_tftp_started_total")
        mirror.follow(finished, "slipway_tftp_finished_total")
        mirror.follow(declined, "slipway_tftp_declined_total")
        mirror.follow(failed, "slipway_tftp_failed_total")
        mirror.follow(strays, "slipway_tftp_strays_total")
        mirror.follow(blocks, "slipway_tftp_blocks_total")
        mirror.follow(bytes, "slipway_tftp_bytes_total")
        mirror.follow(retransmissions, "slipway_tftp_retransmissions_total")
        Gauge(label: "slipway_tftp_active").record(Double(active))
    }
}

extension MachineDirectory.Status {
    func publish(to mirror: CounterMirror) {
        Gauge(label: "slipway_machines_file_problems").record(Double(problems.count + unlistedProblems))
        mirror.follow(UInt64(clamping: successfulLoads), "slipway_machines_file_loads_total", [("outcome", "taken")])
        mirror.follow(UInt64(clamping: refusedLoads), "slipway_machines_file_loads_total", [("outcome", "refused")])
    }

}

extension MachineDirectory {
    /// What anybody may know of a refused file: where it is wrong. The messages may quote what is in it, and stay in the log.
    var publicSummary: [String] {
        let standing = standing
        return status.problems.map {
            "\($0.file):\($0.line):\($0.column): the machines file is refused, see the log; \(standing.sentence)"
        }
    }
}

extension MachineDirectory.Standing {
    /// What machines get while the file is refused.
    var sentence: String {
        switch self {
        case .present, .lastGood: "the last good one is in force"
        case .kept: "the last good one, kept in the store, is in force"
        case .none: "no machine boots until it is corrected, as there is no earlier one"
        }
    }
}

import DHCPService
import Machines
import Metrics
import Netboot
import TFTPService

// The servers count for themselves, without a lock in a packet's way; a look at /metrics copies their totals.

extension DHCPCounters {
    func publish() {
        Gauge(label: "slipway_dhcp_received").record(Double(received))
        Gauge(label: "slipway_dhcp_answered").record(Double(answered))
        Gauge(label: "slipway_dhcp_malformed").record(Double(malformed))
        Gauge(label: "slipway_dhcp_unsent").record(Double(unsent))
        for (reason, count) in ignored {
            Gauge(label: "slipway_dhcp_ignored", dimensions: [("reason", reason.rawValue)]).record(Double(count))
        }
    }
}

extension TFTPCounters {
    func publish() {
        Gauge(label: "slipway_tftp_requests").record(Double(requests))
        Gauge(label: "slipway_tftp_refused").record(Double(refused))
        Gauge(label: "slipway_tftp_finished").record(Double(finished))
        Gauge(label: "slipway_tftp_failed").record(Double(failed))
        Gauge(label: "slipway_tftp_bytes").record(Double(bytes))
        Gauge(label: "slipway_tftp_retransmissions").record(Double(retransmissions))
        Gauge(label: "slipway_tftp_active").record(Double(active))
    }
}

extension MachineDirectory.Status {
    func publish() {
        Gauge(label: "slipway_machines_file_problems").record(Double(problems.count + unlistedProblems))
        Gauge(label: "slipway_machines_file_loads", dimensions: [("outcome", "taken")]).record(Double(successfulLoads))
        Gauge(label: "slipway_machines_file_loads", dimensions: [("outcome", "refused")]).record(Double(refusedLoads))
    }
}

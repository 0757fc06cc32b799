// A load of DISCOVER messages as a relay passes them on, a machine of its own for each, and what it costs the server.
//
//     dhcp-load --server 10.0.0.1 --relay 10.0.0.2 --rate 10000 --seconds 5 --pid SERVER
//
// Prints one JSON object. Needs root, because answers to a relay come to port 67.
import Glibc
import Loads

func usage(_ problem: String) -> Never {
    complain(
        "\(problem)\nusage: dhcp-load --server ADDRESS --relay ADDRESS [--rate 0] [--open 256] [--seconds 3] "
            + "[--first-machine 0] [--pid PID]\n")
    exit(64)
}

func load(from words: [String]) throws -> RelayLoad {
    var load = RelayLoad(server: 0, relay: 0, rate: 0, open: 256, seconds: 3, firstMachine: 0, account: nil)
    var words = words.dropFirst()
    while let word = words.popFirst() {
        guard let value = words.popFirst() else { usage("\(word) lacks its value") }
        func number(_ limit: Int) -> Int {
            guard let number = Int(value), number >= 0, number <= limit else {
                usage("\(word) takes a number up to \(limit), not \(value)")
            }
            return number
        }
        switch word {
        case "--server": load.server = try parseAddress(value)
        case "--relay": load.relay = try parseAddress(value)
        case "--rate": load.rate = Double(number(1_000_000))
        case "--open": load.open = max(1, number(100_000))
        case "--seconds": load.seconds = Double(max(1, number(600)))
        case "--first-machine": load.firstMachine = UInt32(number(Int(UInt32.max)))
        case "--pid": load.account = ProcessAccount(pid: Int32(clamping: number(Int(Int32.max))))
        default: usage("there is no option \(word)")
        }
    }
    if load.server == 0 || load.relay == 0 { usage("--server and --relay are needed") }
    return load
}

do {
    let outcome = try load(from: CommandLine.arguments).run()
    func milliseconds(_ share: Double) -> String { outcome.latency(ofShare: share).map { "\($0 * 1e3)" } ?? "null" }
    var line =
        "{\"sent\": \(outcome.sent), \"answered\": \(outcome.answered), \"seconds\": \(outcome.elapsed), "
        + "\"answers_per_second\": \(Double(outcome.answered) / outcome.elapsed), "
        + "\"p50_ms\": \(milliseconds(0.5)), \"p99_ms\": \(milliseconds(0.99)), \"p999_ms\": \(milliseconds(0.999))"
    if let spent = outcome.processorSeconds {
        line += ", \"cpu_seconds\": \(spent)"
        if spent > 0 { line += ", \"answers_per_cpu_second\": \(Double(outcome.answered) / spent)" }
    }
    print(line + "}")
} catch {
    complain("dhcp-load: \(error)\n")
    exit(1)
}

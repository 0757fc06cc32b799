import CDatagrams
import Glibc
import Loads

/// A relay behind which machines say DISCOVER, each once.
///
/// At a fixed rate the load is open: packets leave when they are due, answered or not, and an answer's time counts from when
/// its packet was due, so that a server which stalls is charged for everything that waited. Without a rate it keeps a number
/// of questions open, which measures how much the server can do.
struct RelayLoad {
    /// The server's address in host order.
    var server: UInt32
    /// The relay's own address in host order, to which the answers come.
    var relay: UInt32
    /// Questions for each second; 0 for as many as are answered.
    var rate: Double
    /// How many questions are open at most, without a rate.
    var open: Int
    /// For how long questions are asked.
    var seconds: Double
    /// The number of the first machine, so that runs after one another have other machines.
    var firstMachine: UInt32
    /// Whose processor time is counted.
    var account: ProcessAccount?

    /// What came of it.
    struct Outcome {
        var sent = 0
        var answered = 0
        var elapsed = 0.0
        var processorSeconds: Double?
        /// Seconds to each answer, ascending.
        var latencies: [Double] = []

        /// The time within which a share of all questions was answered; nil when fewer were.
        func latency(ofShare share: Double) -> Double? {
            let position = max(0, Int((Double(sent) * share).rounded(.up)) - 1)
            return position < latencies.count ? latencies[position] : nil
        }
    }

    private static let port: UInt16 = 67
    private static let stride = 1024
    /// Open questions without any answer for so long are given up.
    private static let patience = 0.1
    /// How long the last answers are waited for.
    private static let afterglow = 0.5

    func run() throws -> Outcome {
        let socket = try openSocket()
        defer { close(socket) }
        let packets = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Self.stride * Int(DATAGRAM_BATCH))
        defer { packets.deallocate() }
        guard let base = packets.baseAddress else { throw Failure("no memory for packets") }
        let incoming = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Self.stride * Int(DATAGRAM_BATCH))
        defer { incoming.deallocate() }
        guard let answers = incoming.baseAddress else { throw Failure("no memory for packets") }
        var lengths = [UInt32](repeating: 0, count: Int(DATAGRAM_BATCH))
        let discover = Discover(relay: relay)
        for slot in 0..<Int(DATAGRAM_BATCH) {
            (base + slot * Self.stride).update(from: discover.bytes, count: discover.bytes.count)
        }

        var outcome = Outcome()
        // When each question was due; 0 once it was answered.
        var due: [Double] = []
        due.reserveCapacity(Int(max(rate, 200_000) * seconds))
        outcome.latencies.reserveCapacity(due.capacity)
        let before = try account?.processorSeconds()
        let began = secondsNow()
        var lastAnswer = began
        var writtenOff = 0
        while true {
            let now = secondsNow()
            let isAsking = now - began < seconds
            if !isAsking, outcome.answered == outcome.sent || now - began > seconds + Self.afterglow { break }
            if isAsking {
                let isOpen = outcome.sent - outcome.answered - writtenOff
                if rate == 0, isOpen > 0, now - lastAnswer > Self.patience {
                    writtenOff += isOpen
                    lastAnswer = now
                }
                let wanted = rate > 0 ? Int((now - began) * rate) + 1 - outcome.sent : open - max(0, isOpen)
                let count = min(wanted, Int(DATAGRAM_BATCH))
                if count > 0 {
                    for slot in 0..<count {
                        discover.number(firstMachine &+ UInt32(outcome.sent + slot), in: base + slot * Self.stride)
                    }
                    let sent = datagrams_send(
                        socket, base, Self.stride, discover.bytes.count, Int32(count), server, Self.port)
                    guard sent >= 0 || -sent == EAGAIN || -sent == ENOBUFS else {
                        throw Failure("sending DISCOVER: \(String(cString: strerror(-sent)))")
                    }
                    for _ in 0..<max(0, Int(sent)) {
                        due.append(rate > 0 ? began + Double(outcome.sent) / rate : now)
                        outcome.sent += 1
                    }
                }
            }
            let received = datagrams_receive(socket, answers, Self.stride, &lengths)
            if received > 0 {
                let arrival = secondsNow()
                for slot in 0..<Int(received) {
                    let packet = answers + slot * Self.stride
                    guard lengths[slot] >= 240, packet[0] == 2 else { continue }
                    let machine = (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(packet[Discover.transaction + $1]) }
                    let question = Int(machine &- firstMachine)
                    guard question < due.count, due[question] > 0 else { continue }
                    outcome.latencies.append(arrival - due[question])
                    due[question] = 0
                    outcome.answered += 1
                    lastAnswer = arrival
                }
            } else {
                let next = rate > 0 && isAsking ? began + Double(outcome.sent) / rate : now + 0.005
                _ = datagrams_wait(socket, Int64((next - secondsNow()) * 1e9))
            }
        }
        outcome.elapsed = max(lastAnswer - began, 1e-9)
        if let account, let before { outcome.processorSeconds = try account.processorSeconds() - before }
        outcome.latencies.sort()
        return outcome
    }

    private func openSocket() throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Failure.system("opening a socket") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = relay.bigEndian
        address.sin_port = Self.port.bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0 else { throw Failure.system("binding UDP port \(Self.port)") }
        // SO_RCVBUFFORCE is for root, who alone may bind the port: what this client has no time to read is no fault of the
        // server's.
        var room: Int32 = 32 << 20
        setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &room, socklen_t(MemoryLayout<Int32>.size))
        return socket
    }
}

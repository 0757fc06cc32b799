// A load of many TFTP clients at once, and what it costs the server: bytes for each second of the server's processor time.
//
//     tftp-load --port 6969 --file loader.efi --clients 64 --blksize 1468 --window 16 --rounds 20 --pid SERVER
//
// Each client fetches the file so many times in a row, from an address of its own in 127.0.1.0/24, so that limits for one
// client do not stand in the way. Prints one JSON object.
import Glibc
import Loads

struct Arguments {
    var server = "127.0.0.1"
    var port: UInt16 = 69
    var file = ""
    var clients = 64
    var blockSize = 512
    var windowSize = 1
    var rounds = 1
    var pid: Int32?

    init(_ words: [String]) {
        var words = words.dropFirst()
        while let word = words.popFirst() {
            guard let value = words.popFirst() else { Self.usage("\(word) lacks its value") }
            func number() -> Int {
                guard let number = Int(value), number >= 0 else { Self.usage("\(word) takes a number, not \(value)") }
                return number
            }
            switch word {
            case "--server": server = value
            case "--port": port = UInt16(clamping: number())
            case "--file": file = value
            case "--clients": clients = max(1, min(250, number()))
            case "--blksize": blockSize = max(8, min(65464, number()))
            case "--window": windowSize = max(1, min(64, number()))
            case "--rounds": rounds = max(1, number())
            case "--pid": pid = Int32(clamping: number())
            default: Self.usage("there is no option \(word)")
            }
        }
        if file.isEmpty { Self.usage("--file is needed") }
    }

    static func usage(_ problem: String) -> Never {
        complain(
            "\(problem)\nusage: tftp-load --file NAME [--server 127.0.0.1] [--port 69] [--clients 64] [--blksize 512] "
                + "[--window 1] [--rounds 1] [--pid PID]\n")
        exit(64)
    }
}

func run(_ arguments: Arguments) throws {
    let request = TFTPClient.Request(
        server: try parseAddress(arguments.server), port: arguments.port, file: arguments.file,
        blockSize: arguments.blockSize, windowSize: arguments.windowSize)
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: TFTPClient.largestPacket)
    defer { buffer.deallocate() }
    func address(of number: Int) -> UInt32 { 0x7f00_0101 + UInt32(number) }
    var clients = [TFTPClient](repeating: TFTPClient(), count: arguments.clients)
    var roundsLeft = [Int](repeating: arguments.rounds, count: arguments.clients)
    let account = arguments.pid.map(ProcessAccount.init)
    let before = try account?.processorSeconds()
    let began = secondsNow()
    for number in clients.indices { try clients[number].begin(request, from: address(of: number)) }
    var polls = clients.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
    var running = clients.count
    while running > 0 {
        guard poll(&polls, nfds_t(polls.count), 10_000) > 0 else { throw Failure("nothing came for 10 s") }
        for number in polls.indices where polls[number].revents != 0 {
            polls[number].revents = 0
            guard try clients[number].receive(buffer) else { continue }
            roundsLeft[number] -= 1
            if roundsLeft[number] == 0 {
                running -= 1
                polls[number].fd = -1
            } else {
                try clients[number].begin(request, from: address(of: number))
                polls[number].fd = clients[number].socket
            }
        }
    }
    let elapsed = secondsNow() - began
    let bytes = clients.reduce(0) { $0 + $1.bytes }
    var line =
        "{\"clients\": \(arguments.clients), \"blksize\": \(clients[0].blockSize), "
        + "\"windowsize\": \(clients[0].windowSize), \"bytes\": \(bytes), \"seconds\": \(elapsed), "
        + "\"bytes_per_second\": \(UInt64(Double(bytes) / elapsed))"
    if let account, let before {
        let spent = try account.processorSeconds() - before
        line += ", \"cpu_seconds\": \(spent)"
        if spent > 0 { line += ", \"bytes_per_cpu_second\": \(UInt64(Double(bytes) / spent))" }
    }
    print(line + "}")
}

do {
    try run(Arguments(CommandLine.arguments))
} catch {
    complain("tftp-load: \(error)\n")
    exit(1)
}

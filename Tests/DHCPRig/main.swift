// The DHCP service, or a client that asks it, as a process of its own, so that tests can put them into network namespaces.
//
//     DHCPRig serve automatic|socket|capture [INTERFACE…]    prints what it listens on and "ready"; ends when its input does,
//                                                            printing what was counted, logged as a warning and told of machines;
//                                                            says "heard" with each advice when it comes
//     DHCPRig ask COUNT INTERFACE PORT DESTINATION DPORT HEX sends from PORT, prints each answer: from, interface's, hex; waits for
//                                                            COUNT of them, and a moment more
//     DHCPRig send INTERFACE PORT DESTINATION DPORT HEX…     sends from PORT and does not wait
//     DHCPRig hold PORT                                      holds a UDP port until its input ends

import Bytes
import CLinux
import DHCPService
import Foundation
import Logging
import Netboot
import NetworkTypes
import Timelines

func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

func fail(_ reason: String) -> Never {
    say("error \(reason)")
    exit(1)
}

func waitForEndOfInput() { _ = FileHandle.standardInput.readDataToEndOfFile() }

/// Prints warnings and errors, and nothing else.
struct Warnings: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { say("\(event.level) \(event.message) \(event.metadata ?? [:])") }
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "serve":
    guard arguments.count >= 2, let listening = DHCPSettings.Listening(rawValue: arguments[1]) else { fail("usage") }
    let settings = DHCPSettings(
        interfaces: arguments.dropFirst(2).map { DHCPSettings.Interface($0, listening: listening) },
        listening: listening)
    let warnings = Warnings()
    let logger = Logger(label: "rig") { _ in warnings }
    let timeline = BootTimeline(logger: Logger(label: "timeline") { _ in SwiftLogNoOpLogHandler() })
    let server = DHCPServer(
        settings: settings, serves: { Loader.all.contains($0) }, verdict: { _ in .answer(BootOptions()) },
        observer: timeline, logger: logger)
    let task = Task {
        do {
            try await server.run { listeners in
                for one in listeners {
                    say("listening \(one.number) \(one.interface ?? "all") \(one.isCapture ? "capture" : "socket")")
                }
                say("ready")
            }
        } catch { fail("\(error)") }
    }
    Thread {
        waitForEndOfInput()
        task.cancel()
    }.start()
    let telling = Task {
        var told = 0
        while !Task.isCancelled {
            let advice = server.advice
            for one in advice.dropFirst(told) { say("heard \(one)") }
            told = advice.count
            try await Task.sleep(for: .milliseconds(20))
        }
    }
    await task.value
    telling.cancel()
    _ = try? await telling.value
    let counters = server.counters
    for one in server.advice { say("advice \(one)") }
    for boot in timeline.snapshots().flatMap(\.boots) {
        for step in boot.events where step.detail.contains("DHCP server") {
            say("step \(step.stage.rawValue) \(step.detail)")
        }
    }
    say("received \(counters.received) answered \(counters.answered) unsent \(counters.unsent)")

case "ask", "send":
    var arguments = arguments
    let expected = arguments[0] == "ask" && arguments.count > 1 ? Int(arguments.remove(at: 1)) ?? 0 : 0
    guard arguments.count >= 6, let port = UInt16(arguments[2]), let destination = IPv4Address(parsing: arguments[3]),
        let destinationPort = UInt16(arguments[4]), let receiver = linux_receiver_create(2048),
        let sender = linux_sender_create()
    else { fail("usage") }
    let socket = dhcp_open(port, arguments[1])
    guard socket >= 0 else { fail("cannot open port \(port): \(String(cString: strerror(-socket)))") }
    for message in arguments.dropFirst(5) {
        guard let bytes = [UInt8](hexadecimal: message) else { fail("usage") }
        let code = bytes.withUnsafeBytes { bytes in
            linux_sender_add(sender, destination.value, destinationPort, 0, 0, bytes.baseAddress, bytes.count, 0)
                ? linux_sender_flush(sender, socket) : ENOBUFS
        }
        guard code == 0 else { fail("cannot send: \(String(cString: strerror(code)))") }
    }
    if arguments.first == "send" { exit(0) }
    let moment = Duration.milliseconds(1000)
    var (end, count) = (ContinuousClock.now + (expected > 0 ? .seconds(120) : moment), 0)
    while ContinuousClock.now < end {
        var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 100) > 0 else { continue }
        for position in 0..<max(0, linux_receive(receiver, socket)) {
            let datagram = linux_received(receiver, position)
            let payload = UnsafeBufferPointer(start: datagram.bytes, count: Int(datagram.length))
            let from = SocketEndpoint(address: IPv4Address(value: datagram.source), port: datagram.source_port)
            say("answer \(from) \(IPv4Address(value: datagram.destination)) \(payload.hexadecimal)")
            count += 1
            if count == expected { end = ContinuousClock.now + moment }
        }
    }

case "hold":
    guard arguments.count == 2, let port = UInt16(arguments[1]), dhcp_open(port, nil) >= 0 else { fail("cannot hold") }
    say("ready")
    waitForEndOfInput()

default: fail("usage")
}

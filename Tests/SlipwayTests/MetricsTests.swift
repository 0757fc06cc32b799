import Foundation
import NamespaceTesting
import ServerTesting
import Testing

/// Metrics on a listener of their own.
@Suite struct MetricsTests {
    private let scratch: Scratch
    private let store: String

    init() throws {
        scratch = try Scratch()
        store = "\(scratch.path)/store"
    }

    private func serve(_ options: [String]) throws -> Program {
        try Program(
            [
                "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port",
                "0",
            ]
                + options)
    }

    @Test func theirOwnListenerHasNothingElse() throws {
        let program = try serve(["--metrics-address", "127.0.0.1:0"])
        let main = try HTTPConnection(port: program.port())
        #expect(try main.ask("GET", "/metrics").status == 200)
        let line = try #require(
            holds(within: 30) { program.errorLines.contains { $0.contains(" info metrics ") } }
                ? program.errorLines.first { $0.contains(" info metrics ") } : nil, "\(program.errors)")
        let port = try #require(
            line.split(separator: " ").first { $0.hasPrefix("port=") }.flatMap { Int($0.dropFirst(5)) }, "\(line)")
        let metrics = try HTTPConnection(port: port)
        let answer = try metrics.ask("GET", "/metrics")
        #expect(answer.status == 200)
        #expect(answer.text.contains("# TYPE http_request_duration_seconds histogram\n"), "\(answer.text)")
        for path in ["/", "/healthz", "/machines", "/versions", "/boot.ipxe"] {
            #expect(try metrics.ask("GET", path).status == 404, "\(path)")
        }
    }

    @Test func anEndpointThatWasChosenAndIsTakenEndsTheStart() throws {
        let held = try HeldPort(datagrams: false)
        let program = try serve(["--metrics-address", "127.0.0.1:\(held.port)"])
        #expect(try program.finish() == 1)
        #expect(
            program.errors.contains(
                "HTTP cannot listen on 127.0.0.1, port \(held.port): Address already in use; stop the program that "
                    + "holds it, or choose another with --metrics-address"), "\(program.errors)")
    }

    @Test(arguments: [
        ("127.0.0.1", "it has no port"), ("127.0.0.1:http", "it has no port from 0 to 65535"),
        ("::1:2122", "in brackets"),
        ("[127.0.0.1]:1", "only an IPv6 address"), ("a b:1", "neither an address nor a host name"),
        ("", "it has no port"),
    ])
    func whatIsNoEndpoint(text: String, reason: String) throws {
        let program = try serve(["--metrics-address", text])
        #expect(try program.finish() == 64)
        #expect(program.errors.contains(reason), "\(program.errors)")
    }

    /// Two daemons on one host: the second serves everything else.
    @Test(.enabled(if: Namespaces.isPossible, "needs root and ip(8)"))
    func theUsualEndpointGoesToWhoIsFirst() throws {
        let script = """
            ip link set lo up
            serve() {
                "$1" serve --store "$2" --dhcp off --no-tftp --http-address 127.0.0.1 --http-port "$3" $4 2>"$2.log" &
                tries=0
                until curl -s -o /dev/null "http://127.0.0.1:$3/healthz"; do
                    tries=$((tries + 1)); [ $tries -lt 300 ] || exit 3; sleep 0.1
                done
            }
            serve "$0" "$1/none" 8079 "--metrics-address off"
            curl -s -o /dev/null http://127.0.0.1:2122/metrics && exit 4
            serve "$0" "$1/first" 8080
            tries=0
            until curl -s -o "$1/metrics" http://127.0.0.1:2122/metrics; do
                tries=$((tries + 1)); [ $tries -lt 300 ] || exit 5; sleep 0.1
            done
            serve "$0" "$1/second" 8081
            tries=0
            until grep -q 'metrics are served by the HTTP port only' "$1/second.log"; do
                tries=$((tries + 1)); [ $tries -lt 300 ] || exit 6; sleep 0.1
            done
            curl -s http://127.0.0.1:8081/metrics >"$1/other" && kill $(jobs -p) && wait
            """
        let program = try Program(command: [
            "/usr/bin/unshare", "--net", "/bin/bash", "-c", script, Program.path, scratch.path,
        ])
        #expect(try program.finish(within: 150) == 0, "\(program.errors)")
        for name in ["metrics", "other"] {
            let text = try String(contentsOfFile: "\(scratch.path)/\(name)", encoding: .utf8)
            #expect(text.contains("# TYPE http_request_duration_seconds histogram\n"), "\(text)")
        }
    }
}

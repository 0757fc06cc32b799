import Foundation
import ServerTesting
import Testing

/// Who is given a machine's configuration by the daemon, on real links.
@Suite(.serialized, .enabled(if: Rack.isPossible, "needs root, ip(8) and curl"))
struct ConfigurationOwnerTests {
    private static let victim = "52:54:00:0a:0b:0c"
    private let scratch: Scratch
    private let rack: Rack
    private let store: String

    init() throws {
        scratch = try Scratch()
        rack = try Rack()
        store = try scratch.filledStore()
        try scratch.write("secret.yaml", "secret: of a machine\n")
    }

    /// A daemon whose machines file gives the configuration to `macs`.
    private func serve(_ macs: [String], _ options: [String] = []) throws -> Program {
        let machines = macs.map {
            "- {mac: '\($0)', schematic: {customization: {}}, version: latest, config: secret.yaml}\n"
        }
        let file = try scratch.write("machines.yaml", "machines:\n" + machines.joined())
        let program = try rack.serve(
            ["--store", store, "--config", file, "--dhcp", "off", "--no-tftp", "--http-port", "8080"] + options)
        _ = try program.port()
        return program
    }

    private func path(_ mac: String) -> String { "/config/" + mac.replacingOccurrences(of: ":", with: "-") }

    private func boot(_ mac: String) -> String { "/boot?mac=" + mac.replacingOccurrences(of: ":", with: "-") }

    @Test func onALinkTheNeighbourAloneIsGivenIt() throws {
        let owner = try rack.mac(of: "n0", in: rack.near)
        let daemon = try serve([owner, Self.victim], ["--interface", "s0"])
        let own = try rack.ask(path(owner), from: rack.near)
        #expect(own.status == "200" && own.body == "secret: of a machine\n", "\(own)")

        // More neighbours than the kernel's text lists in one piece, and a stranger who says that he is the victim.
        try rack.shell(
            """
            for i in $(seq 400); do echo "address add 10.99.$((1 + i / 250)).$((1 + i % 250))/22 dev n0"; done > '\(scratch.path)/many'
            ip -n \(rack.near) -batch '\(scratch.path)/many'
            for i in $(seq 400); do
                ip netns exec \(rack.near) curl -s -o '\(scratch.path)/ignored' --max-time 5 \
                    --interface 10.99.$((1 + i / 250)).$((1 + i % 250)) http://\(Rack.address):8080/healthz || exit 3
            done
            """)
        let known = try rack.shell("ip -n \(rack.server) -4 neighbour show dev s0 | wc -l")
        #expect(Int(known.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 >= 400)
        for source in ["10.99.0.2", "10.99.1.7", "10.99.2.100"] {
            #expect(try rack.ask(boot(Self.victim), from: rack.near, source: source).status == "200")
            let stolen = try rack.ask(path(Self.victim), from: rack.near, source: source)
            #expect(stolen.status == "403" && !stolen.body.contains("secret:"), "\(stolen)")
        }
        // Every one of those addresses is the same machine's, which gets its own.
        #expect(try rack.ask(path(owner), from: rack.near, source: "10.99.1.7").status == "200")
        #expect(daemon.says("refused a machine configuration"), "\(daemon.errors)")
    }

    @Test func aNeighbourThatHasNotAnsweredIsNoEvidence() throws {
        let owner = try rack.mac(of: "n0", in: rack.near)
        let daemon = try serve([owner])
        // The kernel is told where to send, and never asks who is there.
        try rack.shell(
            """
            ip -n \(rack.near) address add 10.99.0.60/22 dev n0
            ip -n \(rack.server) neighbour replace 10.99.0.60 lladdr \(owner) nud noarp dev s0
            """)
        #expect(try rack.ask(boot(owner), from: rack.near, source: "10.99.0.60").status == "200")
        let refused = try rack.ask(path(owner), from: rack.near, source: "10.99.0.60")
        #expect(refused.status == "403" && refused.body.contains("no neighbour there has answered"), "\(refused)")
        #expect(try rack.ask(path(owner), from: rack.near).status == "200")
        #expect(!daemon.hasEnded)
    }

    @Test(arguments: ["127.0.0.1", Rack.address])
    func thisHostsOwnUsersAreNotGivenIt(address: String) throws {
        let daemon = try serve([Self.victim])
        #expect(try rack.ask(boot(Self.victim), from: rack.server, at: address).status == "200")
        let stolen = try rack.ask(path(Self.victim), from: rack.server, at: address)
        #expect(stolen.status == "403" && stolen.body.contains("this host's own address"), "\(stolen)")
        #expect(!daemon.hasEnded)
    }

    @Test func beyondARouterOnlyNamedNetworksAreGivenIt() throws {
        for (options, isGiven) in [
            ([], false), (["--config-network", "10.2.0.0/16"], false),
            (["--config-network", "192.0.2.0/24", "--config-network", "10.1.0.0/16"], true),
        ] as [([String], Bool)] {
            let daemon = try serve([Self.victim], options)
            let early = try rack.ask(path(Self.victim), from: rack.far)
            #expect(early.status == "403", "nobody has booted there")
            #expect(try rack.ask(boot(Self.victim), from: rack.far).status == "200")
            let reply = try rack.ask(path(Self.victim), from: rack.far)
            #expect(reply.status == (isGiven ? "200" : "403"), "\(options): \(reply)")
            if !isGiven { #expect(reply.body.contains("--config-network"), "\(reply)") }
            // To whoever is on the link, such a network means nothing.
            #expect(try rack.ask(boot(Self.victim), from: rack.near).status == "200")
            #expect(try rack.ask(path(Self.victim), from: rack.near).status == "403")
            #expect(!daemon.hasEnded)
        }
    }

    @Test func aMachineThatIsOnTheLinkIsNotBeyondTheRouter() throws {
        let owner = try rack.mac(of: "n0", in: rack.near)
        let daemon = try serve([owner, Self.victim], ["--config-network", "10.1.0.0/16"])
        // Until it is seen, it may be anywhere.
        #expect(try rack.ask(boot(owner), from: rack.far).status == "200")
        #expect(try rack.ask(path(owner), from: rack.far).status == "200")
        #expect(try rack.ask(path(owner), from: rack.near).status == "200")
        #expect(try rack.ask(boot(owner), from: rack.far).status == "200")
        let stolen = try rack.ask(path(owner), from: rack.far)
        #expect(stolen.status == "403" && !stolen.body.contains("secret:"), "\(stolen)")
        #expect(stolen.body.contains("10.99.0.2") && stolen.body.contains("300 seconds"), "\(stolen)")
        #expect(daemon.says("refused a machine configuration"), "\(daemon.errors)")
        // Nobody else is kept out by that.
        #expect(try rack.ask(path(owner), from: rack.near).status == "200")
        #expect(try rack.ask(boot(Self.victim), from: rack.far).status == "200")
        #expect(try rack.ask(path(Self.victim), from: rack.far).status == "200")
        #expect(!daemon.hasEnded)
    }

    @Test func anotherLinkThanTheMachinesOwnProvesNothing() throws {
        let owner = try rack.mac(of: "n0", in: rack.near)
        // A container's network on the daemon's host, whose owner chooses the Ethernet address.
        try rack.shell(
            """
            ip -n \(rack.server) link add s1 type veth peer name f1 netns \(rack.far)
            ip -n \(rack.server) address add 172.17.0.1/24 dev s1; ip -n \(rack.server) link set s1 up
            ip -n \(rack.far) link set f1 address \(owner); ip -n \(rack.far) address add 172.17.0.2/24 dev f1
            ip -n \(rack.far) link set f1 up
            """)
        let daemon = try serve([owner], ["--interface", "s0"])
        let stolen = try rack.ask(path(owner), from: rack.far, at: "172.17.0.1")
        #expect(stolen.status == "403" && stolen.body.contains("no machines boot"), "\(stolen)")
        #expect(!daemon.hasEnded)
    }

    @Test(arguments: ["10.1.0.0", "10.1.0.0/33", "10.1.2.3/16", "net/8", "10.1.0.0/08"])
    func aNetworkThatIsNoneIsNamed(text: String) throws {
        let program = try Program(["serve", "--store", "\(scratch.path)/none", "--config-network", text])
        #expect(try program.finish() == 64)
        #expect(program.errors.contains(text), "\(program.errors)")
    }
}

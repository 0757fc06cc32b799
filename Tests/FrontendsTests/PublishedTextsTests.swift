import Digests
import Foundation
import Glibc
import Machines
import NetworkTypes
import ServerTesting
import Stores
import Testing
import Timelines

@testable import Frontends

@Suite struct PublishedTextsTests {
    static let machines = """
        defaults: {schematic: plain, version: v1.13.5}
        schematics: {plain: {customization: {extraKernelArgs: [x=y]}}}
        machines:
          - {name: one, mac: 52:54:00:00:00:01, config: one.yaml}
          - {name: two, mac: 52:54:00:00:00:02, args: [only=two]}
          - {name: disk, mac: 52:54:00:00:00:03, boot: local}
          - {name: once, mac: 52:54:00:00:00:04, boot: once}
          - {name: lost, mac: 52:54:00:00:00:05, version: v9.9.9}

        """

    private func site() throws -> Site { try Site(machines: Self.machines, files: ["one.yaml": "secret: one\n"]) }

    @Test func listsAreTheFactorys() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let versions = try connection.ask("GET", "/versions")
            #expect(versions.text == "[\"v1.13.5\"]\n")
            #expect(versions["Content-Type"] == "application/json")
            #expect(try connection.ask("GET", "/versions?broken=true").text == "null\n")
            #expect(try connection.ask("GET", "/versions?broken=1").text == "[\"v1.13.5\"]\n")
            let extensions = try connection.ask("GET", "/version/v1.13.5/extensions/official")
            #expect(extensions.status == 200 && extensions["Content-Type"] == "application/json")
            let decoded = try #require(
                try JSONSerialization.jsonObject(with: Data(extensions.body)) as? [[String: String]])
            #expect(
                decoded.compactMap { $0["name"] } == ["siderolabs/gvisor", "siderolabs/tailscale", "siderolabs/trojan"])
            #expect(decoded[0]["ref"] == "ghcr.io/siderolabs/gvisor:1.0.0")
            #expect(decoded[0]["author"] == "Nobody")
            #expect(decoded[0]["description"] == "<gvisor> & more\n")
            #expect(decoded[0]["digest"]?.hasPrefix("sha256:") == true)
            #expect(
                extensions.text.hasPrefix(
                    #"[{"name":"siderolabs/gvisor","ref":"ghcr.io/siderolabs/gvisor:1.0.0","digest":"sha256:"#))
            #expect(extensions.text.contains(#""description":"\u003cgvisor\u003e \u0026 more\n"}"#))
            #expect(extensions.text.hasSuffix("]\n"))
            let none = try connection.ask("GET", "/version/v1.6.7/overlays/official")
            #expect(none.status == 200 && none.text == "[]\n" && none["Content-Type"] == "application/json")
            #expect(try connection.ask("GET", "/version/v1.7.0/overlays/official").status == 404)
            let overlays = try connection.ask("GET", "/version/1.13.5/overlays/official")
            #expect(
                overlays.text.hasPrefix(
                    #"[{"name":"rpi_generic","image":"siderolabs/sbc-raspberrypi","ref":"ghcr.io/siderolabs/sbc-raspberrypi:v0.2.0","digest":"sha256:"#
                ))
        }
    }

    @Test func theFactorysScriptNamesTheAddressThatWasAsked() async throws {
        let site = try Site()
        let id = try await site.schematic("customization: {extraKernelArgs: [x=y]}")
        let line = String(decoding: try await site.bytes(of: "cmdline-metal-amd64", schematic: id), as: UTF8.self)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            try connection.send("GET /pxe/\(id)/v1.13.5/metal-amd64 HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n\r\n")
            let reply = try connection.reply()
            #expect(reply["Content-Type"] == "text/plain; charset=utf-8")
            let base = "http://10.0.0.1:8080/image/\(id)/v1.13.5"
            #expect(
                reply.text
                    == "#!ipxe\n\nimgfree\nkernel \(base)/kernel-amd64 \(line)\ninitrd \(base)/initramfs-amd64.xz\nboot\n"
            )
            #expect(line.hasSuffix(" x=y"))
        }
    }

    @Test func eachMachineGetsItsOwnScript() async throws {
        let site = try site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let first = try connection.ask("GET", "/boot.ipxe")
            #expect(first.text.hasPrefix("#!ipxe\n") && first.text.contains("http://localhost/boot?mac="))
            let head = try connection.ask("HEAD", "/boot.ipxe")
            #expect(head.status == 200 && head["Content-Length"] == first["Content-Length"])
            for path in ["/autoexec.ipxe", "/loaders/autoexec.ipxe"] {
                let autoexec = try connection.ask("GET", path)
                #expect(autoexec.text.hasPrefix("#!ipxe\nifconf -c dhcp || dhcp ||\n"), "\(autoexec.text)")
                #expect(autoexec.text.contains("http://localhost/boot?mac="))
                #expect(try connection.ask("HEAD", path)["Content-Length"] == autoexec["Content-Length"])
            }

            let one = try connection.ask("GET", "/boot?mac=52-54-00-00-00-01&arch=x86_64")
            #expect(one.status == 200)
            #expect(
                one.text.contains("x=y") && one.text.contains("talos.config=http://localhost/config/52-54-00-00-00-01"))
            let two = try connection.ask("GET", "/boot?mac=52:54:00:00:00:02")
            #expect(two.text.contains("x=y only=two") && !two.text.contains("talos.config"))
            for path in ["/kernel-amd64", "/initramfs-amd64.xz"] { #expect(two.text.contains(path)) }
            // What the script names is there.
            let words = two.text.split(whereSeparator: { " \n".contains($0) })
            for word in words where word.hasPrefix("http://localhost/image/") {
                #expect(try connection.ask("HEAD", String(word.dropFirst("http://localhost".count))).status == 200)
            }
            #expect(try connection.ask("GET", "/boot?mac=52-54-00-00-00-03").text.contains("#!ipxe"))
            let lost = try connection.ask("GET", "/boot?mac=52-54-00-00-00-05")
            #expect(lost.status == 200 && lost.text.contains("9.9.9"))
            #expect(!lost.text.contains(site.folder))
            let unknown = try connection.ask("GET", "/boot?mac=52-54-00-00-00-77")
            // A script and not a refusal, or iPXE would ask ten times before the machine boots from its disk.
            #expect(unknown.status == 200 && unknown.text.contains("no entry of") && unknown.text.contains("exit 1"))
            #expect(!unknown.text.contains("kernel "))
            // Where this host keeps the file is not for strangers; its name is for who looks for it.
            #expect(!unknown.text.contains(site.folder) && unknown.text.contains("machines.yaml"), "\(unknown.text)")

            let machines = try connection.ask("GET", "/machines")
            #expect(machines["Content-Type"] == "application/json")
            let list = try #require(try JSONSerialization.jsonObject(with: Data(machines.body)) as? [[String: Any]])
            #expect(
                Set(list.compactMap { $0["mac"] as? String }).isSuperset(of: ["52:54:00:00:00:01", "52:54:00:00:00:05"])
            )
            let machine = try connection.ask("GET", "/machines/52-54-00-00-00-01")
            #expect(machine.status == 200 && machine.text.contains("\"script\""))
        }
    }

    @Test func aConfigurationIsForItsMachineAlone() async throws {
        let site = try site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let target = "/config/52-54-00-00-00-01"
            let stranger = try connection.ask("GET", target)
            #expect(stranger.status == 403 && !stranger.text.contains("secret"), "an address that nobody knows")
            site.neighbours.set(.loopback, to: try #require(MACAddress(parsing: "52:54:00:00:00:01")))
            let open = try connection.ask("GET", target)
            #expect(open.status == 200 && open.text == "secret: one\n")
            #expect(open["Content-Type"] == "application/yaml")
            #expect(open["Cache-Control"] == "no-store")
            site.neighbours.set(.loopback, to: try #require(MACAddress(parsing: "52:54:00:00:00:02")))
            #expect(try connection.ask("GET", "/config/52-54-00-00-00-02").status == 404)
            let refused = try connection.ask("GET", target)
            #expect(refused.status == 403 && !refused.text.contains("secret"))
            site.neighbours.set(.loopback, to: try #require(MACAddress(parsing: "52:54:00:00:00:01")))
            #expect(try connection.ask("GET", target).status == 200)
            try FileManager.default.removeItem(atPath: "\(site.folder)/one.yaml")
            let gone = try connection.ask("GET", target)
            #expect(gone.status == 500)
        }
        #expect(site.log.matching("refused a machine configuration").count == 2)
        #expect(!site.log.matching("one.yaml cannot be read").isEmpty, "\(site.log.all)")
    }

    @Test func onceMeansOnceWhenTheInitramfsHasArrivedWhole() async throws {
        let site = try site()
        try await site.visit { port in
            site.neighbours.set(.loopback, to: try #require(MACAddress(parsing: "52:54:00:00:00:04")))
            let connection = try HTTPConnection(port: port)
            let first = try connection.ask("GET", "/boot?mac=52-54-00-00-00-04").text
            let word = try #require(
                first.split(whereSeparator: { " \n".contains($0) }).first { $0.hasSuffix("initramfs-amd64.xz") })
            let target = String(word.dropFirst("http://localhost".count))
            // Neither a look nor a part of it is a boot.
            _ = try connection.ask("HEAD", target)
            _ = try connection.ask("GET", target, [("Range", "bytes=0-9")])
            #expect(try connection.ask("GET", "/boot?mac=52-54-00-00-00-04").text == first)
            #expect(try connection.ask("GET", target).status == 200)
            #expect(
                try holds {
                    try !connection.ask("GET", "/boot?mac=52-54-00-00-00-04").text.contains("initramfs-amd64.xz")
                })
        }
    }

    /// Another version's initramfs is another one; the same under another spelling, and in one range or several, is the same.
    @Test(arguments: [["bytes=0-"], ["bytes=0-9", "bytes=10-"]])
    func onceMeansOnceWhenTheRangesAreAllOfIt(ranges: [String]) async throws {
        let site = try site()
        try await site.visit { port in
            site.neighbours.set(.loopback, to: try #require(MACAddress(parsing: "52:54:00:00:00:04")))
            let connection = try HTTPConnection(port: port)
            func boots() throws -> Bool {
                try connection.ask("GET", "/boot?mac=52-54-00-00-00-04").text.contains("initramfs-amd64.xz")
            }
            let first = try connection.ask("GET", "/boot?mac=52-54-00-00-00-04").text
            let word = try #require(
                first.split(whereSeparator: { " \n".contains($0) }).first { $0.hasSuffix("initramfs-amd64.xz") })
            let target = String(word.dropFirst("http://localhost".count))
            for range in ["bytes=1-", "bytes=-1", "bytes=0-0,1-"] {
                #expect(try connection.ask("GET", target, [("Range", range)]).status == 206)
            }
            #expect(try connection.ask("GET", target.replacing("amd64", with: "arm64")).status == 200)
            #expect(try boots())
            for range in ranges {
                let other = target.replacing("/v1.", with: "/1.")
                #expect(try connection.ask("GET", other, [("Range", range)]).status == 206)
            }
            #expect(try holds { try !boots() })
        }
    }

    /// Such a machine tells more than its MAC address only when it asks for its script; it was never noted, and booted again
    /// and again.
    @Test func onceHoldsForAMachineKnownByItsSerialNumber() async throws {
        let site = try Site(
            machines: """
                defaults: {schematic: {customization: {}}, version: latest}
                machines: [{name: one, match: {serial: ABC}, boot: once}]
                """)
        try await site.visit { port in
            site.neighbours.set(.loopback, to: try #require(MACAddress(parsing: "52:54:00:00:00:09")))
            let connection = try HTTPConnection(port: port)
            let query = "/boot?mac=52-54-00-00-00-09&serial=ABC"
            let first = try connection.ask("GET", query).text
            let word = try #require(
                first.split(whereSeparator: { " \n".contains($0) }).first { $0.hasSuffix("initramfs-amd64.xz") })
            #expect(try connection.ask("GET", String(word.dropFirst("http://localhost".count))).status == 200)
            #expect(
                try holds { try !connection.ask("GET", query).text.contains("initramfs-amd64.xz") })
        }
    }

    @Test func aRangeIsForGetAlone() async throws {
        let site = try Site()
        let id = try await site.schematic("customization: {}")
        try await site.visit { port in
            let head = try HTTPConnection(port: port).ask(
                "HEAD", "/image/\(id)/v1.13.5/kernel-amd64", [("Range", "bytes=0-9")])
            #expect(head.status == 200 && head["Content-Range"] == nil)
        }
    }

    @Test func loadersAreServedForHTTPBoot() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let head = try connection.ask("HEAD", "/loaders/ipxe.efi")
            #expect(head.status == 200 && head["Content-Length"] == "5000" && head["Content-Type"] == "application/efi")
            #expect(head["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT")
            let get = try connection.ask("GET", "/loaders/ipxe.efi")
            #expect(get.body.count == 5000)
            #expect(get["Content-Disposition"] == nil)
        }
    }

    @Test func healthAndReadinessTellOfARefusedEdit() async throws {
        let site = try site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for path in ["/healthz", "/readyz"] {
                let reply = try connection.ask("GET", path)
                #expect(reply.status == 200 && reply.body.isEmpty && reply["Content-Length"] == "0")
                #expect(try connection.ask("HEAD", path).status == 200)
            }
            try Data("machines:\n  - mac: nonsense\n".utf8).write(to: URL(filePath: "\(site.folder)/machines.yaml"))
            _ = site.machines?.reload()
            let reply = try connection.ask("GET", "/readyz")
            #expect(reply.status == 200)
            #expect(reply.text.contains("\(site.folder)/machines.yaml:2:"), "\(reply.text)")
            let head = try connection.ask("HEAD", "/readyz")
            #expect(head.status == 200 && head["Content-Length"] == reply["Content-Length"])
            #expect(try connection.ask("GET", "/boot?mac=52-54-00-00-00-02").text.contains("only=two"))
        }
    }

    @Test func metricsAreInTheTextFormat() async throws {
        _ = processMetrics
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            _ = try connection.ask("GET", "/healthz")
            _ = try connection.ask("GET", "/no%22such%0Apath")
            let reply = try connection.ask("GET", "/metrics")
            #expect(reply["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            let name = "[a-zA-Z_:][a-zA-Z0-9_:]*"
            let label = "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\\n]|\\\\[\\\\\"n])*\""
            let line = try Regex(
                "(?:# TYPE \(name) (?:counter|gauge|histogram)|\(name)(?:\\{\(label)(?:,\(label))*\\})? (?:[-+0-9.eE]+|NaN|[+-]Inf))"
            )
            var typed: Set<Substring> = []
            for text in reply.text.split(separator: "\n") {
                #expect(text.wholeMatch(of: line) != nil, "\(text)")
                if text.hasPrefix("# TYPE") {
                    let name = text.split(separator: " ")[2]
                    #expect(typed.insert(name).inserted, "\(name) has two types")
                }
            }
            #expect(reply.text.hasSuffix("\n"))
            #expect(
                reply.text.contains(
                    #"http_request_duration_seconds_count{code="200",handler="/healthz",method="GET"}"#),
                "\(reply.text)")
            #expect(!reply.text.contains("such"))
        }
    }
}

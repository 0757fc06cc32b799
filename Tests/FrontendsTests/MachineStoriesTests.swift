import NetworkTypes
import ServerTesting
import Testing
import Timelines

@Suite struct MachineStoriesTests {
    @Test func whatAMachineDoesNotGetStandsOnItsStory() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        let broken = try await site.schematic(
            "customization: {systemExtensions: {officialExtensions: [siderolabs/trojan]}}")
        let mac = try #require(MACAddress(parsing: "52:54:00:00:00:07"))
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            // Of a stranger there is no story.
            #expect(try connection.ask("GET", "/image/\(id)/v1.99.0/kernel-amd64").status == 404)
            #expect(site.timeline.snapshots().isEmpty)
            site.neighbours.set(.loopback, to: mac)
            for (target, status, detail) in [
                ("/image/\(id)/v1.99.0/kernel-amd64", 404, "kernel-amd64: 404 version 1.99.0 is not available"),
                ("/image/\(id)/v1.13.5/metal-amd64.iso", 501, "metal-amd64.iso: 501 "),
                ("/image/\(broken)/v1.13.5/initramfs-amd64.xz", 500, "initramfs-amd64.xz: 500 "),
                ("/image/\(id)/x/kernel-amd64", 400, "kernel-amd64: 400 "),
                // A single character of 10 000 bytes.
                ("/image/\(id)/v1.13.5/a" + String(repeating: "%CC%81", count: 5000), 400, "a\u{301}"),
            ] {
                #expect(try connection.ask("GET", target).status == status, "\(target)")
                let events = site.timeline.snapshot(of: mac)?.boots.first?.events ?? []
                let last = try #require(events.last)
                #expect(last.stage == .failed && last.detail.utf8.starts(with: detail.utf8), "\(last.detail)")
                #expect(last.detail.utf8.count <= 256)
                #expect(!last.detail.contains(site.folder), "\(last.detail)")
            }
            #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/kernel-amd64").status == 200)
            #expect(holds { site.timeline.snapshot(of: mac)?.stage == .kernel })
        }
        let lines = site.log.matching("http.status=")
        // The first line of five told of the stranger.
        #expect(lines.filter { $0.contains("machine.mac=\(mac)") }.count == 4, "\(lines)")
    }
}

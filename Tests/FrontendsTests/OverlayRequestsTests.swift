import ServerTesting
import Testing

@Suite struct OverlayRequestsTests {
    /// Kernel and command line have no place for an overlay; an initramfs without it would be another than was asked for.
    @Test func anOverlayThatTheReleaseDoesNotHave() async throws {
        let site = try Site()
        let id = try await site.schematic("overlay: {name: nope, image: siderolabs/sbc}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let reply = try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz")
            #expect(reply.status == 400)
            #expect(
                reply.text
                    == "error enhancing profile from schematic: overlay \"nope\" is not available for Talos version v1.13.5\n"
            )
            for path in ["kernel-amd64", "cmdline-metal-amd64"] {
                #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/\(path)").status == 200)
            }
        }
    }
}

import ServerTesting
import Testing

@Suite struct StatusesTests {
    static let unknown = String(repeating: "1", count: 64)

    /// What is asked for, `ID` standing for a schematic that is there; the status; the body's text, where it is settled.
    static let table: [(String, Int, String?)] = [
        ("/image/\(unknown)/v1.13.5/kernel-amd64", 404, "schematic ID \"\(unknown)\" not found"),
        ("/image/abc/v1.13.5/kernel-amd64", 404, "schematic ID \"abc\" not found"),
        ("/image/ID/v1.5/kernel-amd64", 400, nil), ("/image/ID/vabc/kernel-amd64", 400, nil),
        ("/image/ID/v1.99.0/kernel-amd64", 404, "version 1.99.0 is not available"),
        ("/image/ID/1.99.0/initramfs-amd64.xz", 404, "version 1.99.0 is not available"),
        ("/image/ID/v1.99.0/cmdline-metal-amd64", 404, "version 1.99.0 is not available"),
        (
            "/image/ID/v1.13.5/metal-amd64.ssd", 400,
            "error parsing profile from path: invalid profile path: \"metal-amd64.ssd\""
        ),
        (
            "/image/ID/v1.13.5/metal-rpi_generic-arm64.raw.xz", 400,
            "error parsing profile from path: invalid architecture: \"rpi_generic-arm64\""
        ),
        (
            "/image/ID/v1.13.5/kernel-amd64-secureboot", 400,
            "error parsing profile from path: invalid architecture: \"amd64-secureboot\""
        ),
        ("/image/ID/v1.13.5/cmdline-nowhere-amd64", 400, nil),
        ("/image/ID/v1.13.5/metal-amd64.iso", 501, nil), ("/image/ID/v1.13.5/metal-amd64.raw.xz", 501, nil),
        // What does not exist at all is told before what is not made here.
        ("/image/ID/v1.99.0/metal-amd64.iso", 404, "version 1.99.0 is not available"),
        ("/image/ID/v1.13.5/-amd64.iso", 400, nil), ("/image/ID/v1.13.5/nowhere-amd64.raw.xz", 400, nil),
        ("/image/ID/v1.13.5/metal-amd64.floppy", 400, nil),
        ("/image/ID/v1.13.5/kernel%zz", 400, "the path has a percent sign that encodes nothing"),
        ("/machines?limit=x", 400, nil), ("/machines?offset=-1", 400, nil),
        ("/pxe/ID/v1.13.5/nowhere-amd64", 400, nil),
        ("/pxe/ID/v1.99.0/metal-amd64", 404, "version 1.99.0 is not available"),
        ("/pxe/\(unknown)/v1.13.5/metal-amd64", 404, "schematic ID \"\(unknown)\" not found"),
        ("/pxe/ID/x/metal-amd64", 400, nil),
        ("/version/v1.99.0/extensions/official", 404, "version 1.99.0 is not available"),
        ("/version/x/extensions/official", 400, nil),
        ("/nothing", 404, "404 page not found"), ("//nothing", 404, "404 page not found"),
        ("/image", 404, "404 page not found"),
        ("/image/ID/v1.13.5", 404, "404 page not found"), ("/image/ID/v1.13.5/a/b", 404, "404 page not found"),
        ("/config/zz", 400, nil), ("/machines/zz", 400, nil), ("/boot", 400, nil), ("/boot?mac=zz", 400, nil),
        ("/loaders/nothing", 404, nil), ("/machines/52-54-00-00-00-01", 404, nil),
    ]

    @Test func refusalsHaveTheirStatusAndAreOneLineOfText() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for (pattern, status, text) in Self.table {
                let target = pattern.replacing("ID", with: id)
                let reply = try connection.ask("GET", target)
                #expect(reply.status == status, "\(target): \(reply.text)")
                if let text { #expect(reply.text == text + "\n", "\(target)") }
                #expect(reply.text.hasSuffix("\n") && reply.text.count > 5, "\(target)")
                #expect(reply["Content-Type"] == "text/plain; charset=utf-8", "\(target)")
                #expect(reply["X-Content-Type-Options"] == "nosniff", "\(target)")
                let isKnown = text != "404 page not found" && !target.contains("%zz")
                #expect(reply["Server"] == (isKnown ? "Image Factory (Slipway test)" : nil), "\(target)")
                #expect((reply["X-Request-ID"] != nil) == isKnown, "\(target)")
            }
        }
        #expect(site.log.errors.isEmpty, "\(site.log.errors)")
    }

    @Test(arguments: [
        (
            "official extension \"siderolabs/none\" is not available for Talos version v1.13.5",
            "customization: {systemExtensions: {officialExtensions: [siderolabs/none]}}"
        ),
        (
            "official extension \"gvisor\" is not available for Talos version v1.13.5",
            "customization: {systemExtensions: {officialExtensions: [gvisor]}}"
        ),
    ])
    func anExtensionThatIsNotThere(text: String, schematic: String) async throws {
        let site = try Site()
        let id = try await site.schematic(schematic)
        try await site.visit { port in
            let reply = try HTTPConnection(port: port).ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz")
            #expect(reply.status == 400)
            #expect(reply.text == "error enhancing profile from schematic: \(text)\n")
            #expect(try HTTPConnection(port: port).ask("GET", "/image/\(id)/v1.13.5/kernel-amd64").status == 200)
        }
    }

    @Test(arguments: [
        ("POST", "/image/a/b/c", "GET, HEAD, OPTIONS"), ("DELETE", "/schematics", "OPTIONS, POST"),
        ("GET", "/schematics", "OPTIONS, POST"), ("HEAD", "/schematics/a", "GET, OPTIONS"),
        ("HEAD", "/pxe/a/b/c", "GET, OPTIONS"), ("PUT", "/versions", "GET, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"), ("PATCH", "/boot", "GET, OPTIONS"),
        ("PROPFIND", "/versions", "GET, OPTIONS"),
        ("POST", "/", "GET, HEAD, OPTIONS"),
    ])
    func aKnownPathWithAnotherMethodIsNotAllowed(method: String, path: String, allowed: String) async throws {
        let site = try Site()
        try await site.visit { port in
            let reply = try HTTPConnection(port: port).ask(method, path)
            #expect(reply.status == 405)
            #expect(reply["Allow"] == allowed)
            #expect(reply["Server"] == nil && reply["X-Request-ID"] == nil)
            if method != "HEAD" { #expect(reply.text == "Method Not Allowed\n") }
        }
    }

    @Test func pathsThatClimbOrHideGetNothing() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            for path in [
                "/image/\(id)/v1.13.5/..%2F..%2F..%2Fetc%2Fpasswd", "/loaders/..%2F..%2Fetc%2Fpasswd", "/loaders/..",
                "/image/\(id)/v1.13.5/../../../../etc/passwd", "/config/..%2F..%2Fetc%2Fpasswd", "/loaders/%00",
                "/loaders/ipxe.efi%00.txt", "/schematics/..%2Fbooted%2Fx", "/image/..%2F\(id)/v1.13.5/kernel-amd64",
                "/image/%2e%2e/v1.13.5/kernel-amd64", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
            ] {
                let reply = try HTTPConnection(port: port).ask("GET", path)
                #expect((400..<500).contains(reply.status), "\(path): \(reply.status)")
                #expect(!reply.text.contains("root:"))
            }
        }
    }
}

import Digests
import Foundation
import Glibc
import ServerTesting
import Testing

/// `--published-assets`: downloads come from another web server, boots from this one.
@Suite struct PublishedAssetsTests {
    private let scratch: Scratch
    private let store: String
    private let folder: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
        folder = "\(scratch.path)/published"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Another user's server reads it.
        chmod(scratch.path, 0o755)
        try scratch.write(
            "machines.yaml",
            """
            defaults: {schematic: {customization: {}}, version: latest}
            machines: [{name: one, mac: '52:54:00:00:00:01', boot: once}]

            """)
    }

    private func arguments(_ command: String, url: String, folder: String? = nil) -> [String] {
        [
            command, "--store", store, "--config", "\(scratch.path)/machines.yaml", "--dhcp", "off", "--no-tftp",
            "--http-address", "127.0.0.1", "--http-port", "0", "--published-assets", folder ?? self.folder,
            "--published-assets-url", url,
        ]
    }

    /// nginx over the folder, as a site would run it, and its URL. It ends with its owner.
    private func nginx() throws -> (program: Program, url: String) {
        let port = try #require(unusedPort())
        let configuration = try scratch.write(
            "nginx.conf",
            """
            daemon off; worker_processes 1; pid \(scratch.path)/nginx.pid; error_log \(scratch.path)/nginx.log;
            events {}
            http {
              access_log off; default_type application/octet-stream;
              client_body_temp_path \(scratch.path)/t; proxy_temp_path \(scratch.path)/t; fastcgi_temp_path \(scratch.path)/t;
              uwsgi_temp_path \(scratch.path)/t; scgi_temp_path \(scratch.path)/t;
              server { listen 127.0.0.1:\(port); location /talos/ { alias \(folder)/; } }
            }

            """)
        let program = try Program(command: ["/usr/sbin/nginx", "-c", configuration, "-e", "\(scratch.path)/nginx.log"])
        let isUp = holds { program.hasEnded || (try? HTTPConnection(port: port)) != nil }
        try #require(isUp && !program.hasEnded, "\(program.errors)")
        return (program, "http://127.0.0.1:\(port)/talos")
    }

    private func curl(_ arguments: [String]) throws -> String {
        let program = try Program(command: ["/usr/bin/curl", "-sS", "--max-time", "120"] + arguments)
        #expect(try program.finish() == 0, "\(program.errors)")
        return program.output
    }

    @Test func downloadsComeFromTheOtherServer() throws {
        let (server, url) = try nginx()
        defer { server.send(SIGTERM) }
        // The unit's mask keeps everything from other users, and must not keep this.
        let words = ([Program.path] + arguments("serve", url: url)).map { "'\($0)'" }.joined(separator: " ")
        let daemon = try Program(command: ["/bin/sh", "-c", "umask 077; exec \(words)"])
        let port = try daemon.port()
        let connection = try HTTPConnection(port: port)
        let schematic = "customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}"
        let posted = try connection.ask("POST", "/schematics", body: Array(schematic.utf8))
        let id = try #require(posted.text.split(separator: "\"").first { $0.utf8.count == 64 })
        let base = "http://127.0.0.1:\(port)/image/\(id)/v1.13.5"
        for name in ["kernel-amd64", "initramfs-amd64.xz"] {
            let direct = try connection.ask("GET", "/image/\(id)/v1.13.5/\(name)", [("User-Agent", "iPXE/1.21.1")])
            #expect(direct.status == 200)
            let sum = Digest.of(direct.body).hexadecimal
            for _ in 0..<2 {
                let said = try curl([
                    "-L", "-o", "\(scratch.path)/\(name)", "-w", "%{num_redirects} %{http_code} %{url_effective}",
                    "\(base)/\(name)",
                ])
                #expect(said == "1 200 \(url)/\(sum)/\(name)")
                #expect(
                    FileManager.default.contents(atPath: "\(scratch.path)/\(name)").map { [UInt8]($0) } == direct.body)
            }
            let text = try curl(["-w", " %{http_code}", "\(base)/\(name).sha256"])
            #expect(text == "\(sum)  \(name)\n 200")
            // A part of it comes from there too.
            let head = try curl([
                "-L", "-r", "5-9", "-o", "\(scratch.path)/part", "-w", "%{http_code}", "\(base)/\(name)",
            ])
            #expect(head == "206")
            #expect(
                FileManager.default.contents(atPath: "\(scratch.path)/part").map { [UInt8]($0) }
                    == Array(direct.body[5..<10]))
        }
        #expect(try connection.ask("HEAD", "/image/\(id)/v1.13.5/kernel-amd64").status == 302)
        daemon.send(SIGTERM)
        #expect(try daemon.finish() == 0, "\(daemon.errors)")
    }

    /// From script to note, over a restart too, after which only what was awaited is known of an address.
    @Test func aMachineThatBootsIsNotSentThere() throws {
        let url = "http://127.0.0.1:9/never"
        let first = try Program(arguments("serve", url: url))
        func script(_ port: Int) throws -> String {
            try HTTPConnection(port: port, client: 11).ask("GET", "/boot?mac=52-54-00-00-00-01&arch=x86_64").text
        }
        let port = try first.port()
        let paths = try script(port).split(whereSeparator: \.isWhitespace).filter { $0.contains("/image/") }.map {
            String($0.dropFirst("http://localhost".utf8.count))
        }
        #expect(paths.count == 2, "\(paths)")
        for path in paths {
            #expect(try HTTPConnection(port: port, client: 12).ask("GET", path)["Location"]?.hasPrefix(url) == true)
        }
        let kernel = try #require(paths.first { $0.hasSuffix("kernel-amd64") })
        let initramfs = try #require(paths.first { $0.hasSuffix("initramfs-amd64.xz") })
        #expect(try HTTPConnection(port: port, client: 11).ask("GET", kernel).status == 200)
        #expect(
            try holds {
                try HTTPConnection(port: port).ask("GET", "/machines/52-54-00-00-00-01").text.contains("kernel-amd64")
            })
        first.send(SIGKILL)
        _ = try first.finish()
        let second = try Program(arguments("serve", url: url))
        let other = try second.port()
        #expect(try HTTPConnection(port: other, client: 12).ask("GET", initramfs).status == 302)
        #expect(try HTTPConnection(port: other, client: 11).ask("GET", initramfs).status == 200)
        #expect(try holds { try script(other).contains("boots from its disk") })
    }

    @Test func oneOptionIsNothingWithoutTheOther() throws {
        for option in [["--published-assets", folder], ["--published-assets-url", "http://cdn.example"]] {
            for command in ["serve", "check"] {
                let program = try Program([command, "--store", store] + option)
                #expect(try program.finish() == 1)
                let said = program.errors + program.output
                #expect(said.contains("; set published-assets."), "\(said)")
            }
        }
    }

    /// What a check finds is said at the start too, and keeps nobody from booting.
    @Test func aFolderThatCannotBeUsedIsSaid() throws {
        let file = try scratch.write("file", "")
        for (path, reason) in [("\(scratch.path)/none", "there is no such folder"), (file, "it is not a folder")] {
            let check = try Program(arguments("check", url: "http://cdn.example", folder: path))
            #expect(try check.finish() == 1)
            #expect(check.errors.contains("--published-assets \(path): \(reason)"), "\(check.errors)")
            let daemon = try Program(arguments("serve", url: "http://cdn.example", folder: path))
            let connection = try HTTPConnection(port: daemon.port())
            #expect(daemon.errors.contains(" error finished assets are not published"), "\(daemon.errors)")
            let id = try connection.ask("POST", "/schematics", body: Array("{}".utf8)).text.dropFirst(7).prefix(64)
            #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/kernel-amd64").status == 200)
        }
    }

    /// Whoever may download images must not get what else is in the store.
    @Test func theStoreIsNotPublished() throws {
        let link = "\(scratch.path)/link"
        #expect(symlink(store, link) == 0)
        for path in [store, link, scratch.path, "\(store)/blobs"] {
            let reason = "--published-assets \(path): the store \(store) is the same folder, or one lies in the other"
            for command in ["serve", "check"] {
                let program = try Program(arguments(command, url: "http://cdn.example", folder: path))
                #expect(try program.finish() == 1)
                #expect(program.errors.contains(reason), "\(program.errors)")
            }
        }
    }

    @Test(.enabled(if: Program.canUnshare, "needs mounts of its own"))
    func aSmallFileSystemStaysAsItIs() throws {
        let words = arguments("serve", url: "http://cdn.example").map { "'\($0)'" }.joined(separator: " ")
        let daemon = try Program(command: [
            "/usr/bin/unshare", "-rm", "/bin/sh", "-c",
            "mount -t tmpfs -o size=64m none '\(folder)' && exec '\(Program.path)' \(words)",
        ])
        let connection = try HTTPConnection(port: daemon.port())
        #expect(daemon.errors.contains("its file system has 64 MiB free, and 2048 MiB stay free in any case"))
        for index in 0..<3 {
            let text = "customization: {extraKernelArgs: [n=\(index)]}"
            let id = try connection.ask("POST", "/schematics", body: Array(text.utf8)).text.dropFirst(7).prefix(64)
            #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz").status == 200)
        }
        #expect(daemon.says("finished assets are sent from here"))
        #expect(daemon.errorLines.count { $0.contains("finished assets are sent from here") } == 1)
        let inside = "/proc/\(daemon.process)/root\(folder)"
        #expect(try FileManager.default.contentsOfDirectory(atPath: inside).isEmpty)
    }
}

import Foundation
import Glibc
import LayoutBuilding
import ServerTesting
import Testing

/// Schematics whose canonical text cannot be read again: go-yaml prints them so that it misreads them itself.
@Suite struct RestartTests {
    /// Values of several lines that begin with blanks, in every place that has values.
    static let bodies: [String] = {
        func meta(_ value: String) -> String { "customization: {meta: [{key: 10, value: \(value)}]}" }
        func argument(_ value: String) -> String { "customization: {extraKernelArgs: [first, \(value), last]}" }
        func configuration(_ value: String) -> String {
            "customization: {embeddedMachineConfiguration: \(value)}"
        }
        func option(_ value: String) -> String {
            "overlay: {name: rpi_generic, image: siderolabs/sbc-raspberrypi, options: {list: [\(value)], text: \(value)}}"
        }
        let values = [
            #""  addresses:\n    - address: 1.2.3.4/24\n""#, #""\n  text\n""#, #""\ttext\nmore\n""#, #"" a\nb""#,
            #""\n\n   a\n  b\n c""#,
        ]
        return [meta, argument, configuration, option].flatMap { shape in values.map(shape) }
    }()

    private static let assets = ["cmdline-metal-amd64", "initramfs-amd64.xz", "kernel-amd64"]

    private func serve(_ store: String) throws -> Program {
        try Program([
            "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port", "0",
            "--external-url", "http://factory.example",
        ])
    }

    private func answers(_ connection: HTTPConnection, _ id: String) throws -> [[UInt8]] {
        let paths =
            ["/schematics/\(id)", "/pxe/\(id)/v1.13.5/metal-amd64"] + Self.assets.map { "/image/\(id)/v1.13.5/\($0)" }
        return try paths.map { path in
            let reply = try connection.ask("GET", path)
            #expect(reply.status == 200, "\(path): \(reply.text)")
            return reply.body
        }
    }

    @Test func assetsAreTheSameBeforeAndAfterARestart() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        var ids: [String] = []
        var before: [[[UInt8]]] = []
        let first = try serve(store)
        let connection = try HTTPConnection(port: first.port())
        for body in Self.bodies {
            let posted = try connection.ask("POST", "/schematics", body: Array(body.utf8))
            let answer = try JSONSerialization.jsonObject(with: Data(posted.body)) as? [String: String]
            let id = try #require(answer?["id"], "\(body): \(posted.text)")
            ids.append(id)
            before.append(try answers(connection, id))
            #expect(before.last?.first == answer?["schematic"].map { Array($0.utf8) })
        }
        first.send(SIGKILL)
        _ = try first.finish()

        let second = try serve(store)
        let other = try HTTPConnection(port: second.port())
        for (index, id) in ids.enumerated() {
            #expect(try answers(other, id) == before[index], "\(Self.bodies[index])")
        }
        // And it was not for nothing.
        let kept = try FileManager.default.contentsOfDirectory(atPath: "\(store)/records/schematics-posted")
        #expect(kept.count >= 8 && kept.count < Self.bodies.count && Set(kept).isSubset(of: ids), "\(kept.count)")
    }

    /// The store is taken from under the daemon, which knows the schematic still.
    @Test func whatIsPostedAgainIsKeptAgain() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let first = try serve(store)
        let connection = try HTTPConnection(port: first.port())
        func post() throws -> String {
            let posted = try connection.ask("POST", "/schematics", body: Array(Self.bodies[0].utf8))
            #expect(posted.status == 201)
            return try #require(
                (try JSONSerialization.jsonObject(with: Data(posted.body)) as? [String: String])?["id"])
        }
        let id = try post()
        let path = "\(store)/records/schematics/\(id)"
        for change in [{ unlink(path) }, { truncate(path, 5) }] {
            #expect(change() == 0)
            #expect(try post() == id)
        }
        first.send(SIGKILL)
        _ = try first.finish()
        let second = try serve(store)
        #expect(try HTTPConnection(port: second.port()).ask("GET", "/schematics/\(id)").status == 200)
    }

    @Test func theValueOfAMetaEntryIsNotLost() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let first = try serve(store)
        let posted = try HTTPConnection(port: first.port()).ask(
            "POST", "/schematics", body: Array(Self.bodies[0].utf8))
        let id = try #require((try JSONSerialization.jsonObject(with: Data(posted.body)) as? [String: String])?["id"])
        first.send(SIGTERM)
        #expect(try first.finish() == 0)
        let second = try serve(store)
        let path = "/image/\(id)/v1.13.5/cmdline-metal-amd64"
        let line = try HTTPConnection(port: second.port()).ask("GET", path).text
        second.send(SIGTERM)
        let value = try #require(
            line.components(separatedBy: "INSTALLER_META_BASE64=").last?.split(separator: " ").first)
        let decoded = try #require(Data(base64Encoded: String(value)))
        #expect(String(decoding: decoded, as: UTF8.self) == "0xa=  addresses:\n    - address: 1.2.3.4/24\n")
    }
}

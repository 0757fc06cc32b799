import Foundation
import Loads

/// A schematic that nobody asked for before, over extensions that were: from the request to the last byte of its initramfs,
/// against packing the same extensions as Image Factory packs them.
struct NewSchematic {
    let place: Workplace

    private static let rounds = 15

    func run() throws -> [Figure] {
        let packing = try pack()
        let server = try SlipwayServer(place, store: try place.store(), more: ["--no-tftp"])
        defer { server.stop() }
        let mark = UUID().uuidString.prefix(8)
        let first = try fetch("\(mark)-0", server)
        var totals: [Double] = []
        var firstBytes: [Double] = []
        for round in 1...Self.rounds {
            let times = try fetch("\(mark)-\(round)", server)
            totals.append(times.last)
            firstBytes.append(times.first)
        }
        let remark =
            "three extensions of \(Unit.bytes.text(Double(packing.content))), an initramfs of "
            + "\(Unit.bytes.text(Double(first.length))) with the base; the very first request, which builds the extensions "
            + "once for ever, took \(Unit.seconds.text(first.last)); the peer packs the extensions only, not the base"
        return [
            Figure(
                title: "new schematic, POST to last byte", value: try median(totals), unit: .seconds,
                peer: .init(name: "mksquashfs + cpio + zstd -18 -T0", value: packing.seconds),
                targets: [.ratioAtLeast(100)], remark: remark, samples: ["seconds": totals]),
            Figure(
                title: "new schematic, POST to first byte", value: try median(firstBytes), unit: .seconds,
                targets: [.atMost(0.050)], samples: ["seconds": firstBytes]),
        ]
    }

    private func fetch(_ mark: String, _ server: SlipwayServer) throws -> (first: Double, last: Double, length: UInt64)
    {
        let connection = try HTTPConnection(port: server.httpPort)
        let began = secondsNow()
        let id = try connection.create(schematic: Release.schematic(mark: mark))
        let answer = try connection.get("/image/\(id)/\(Release.version)/initramfs-amd64.xz")
        return (answer.firstByte - began, answer.lastByte - began, answer.length)
    }

    /// Packs the extensions as Image Factory does: a squashfs of each, all in one archive, compressed as a whole.
    private func pack() throws -> (seconds: Double, content: Int) {
        let folder = try place.subfolder("pack")
        let squash = try Program("mksquashfs", from: "squashfs-tools")
        let archive = try Program("cpio", from: "cpio")
        let compress = try Program("zstd", from: "zstd")
        let layout = LayoutReader(path: try place.layout())
        var content = 0
        for name in Release.extensions {
            let root = try place.subfolder("pack/\(name)")
            try layout.unpack(extension: name, into: root)
            content += try bytes(below: "\(root)/rootfs")
        }
        let began = secondsNow()
        for name in Release.extensions {
            try squash.run(
                [
                    "\(folder)/\(name)/rootfs", "\(folder)/\(name).sqsh", "-all-root", "-noappend", "-no-progress",
                    "-comp",
                    "zstd", "-Xcompression-level", "18",
                ])
        }
        let list = Release.extensions.map { "\($0).sqsh\n" }.joined()
        try archive.run(["-o", "-H", "newc", "-D", folder, "-O", "\(folder)/extensions.cpio"], input: Array(list.utf8))
        try compress.run(["-18", "-T0", "-q", "-f", "\(folder)/extensions.cpio"])
        return (secondsNow() - began, content)
    }

    private func bytes(below folder: String) throws -> Int {
        guard let names = FileManager.default.enumerator(atPath: folder) else { throw Failure("there is no \(folder)") }
        var total = 0
        while let name = names.nextObject() as? String {
            let facts = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            if facts[.type] as? FileAttributeType == .typeRegular { total += facts[.size] as? Int ?? 0 }
        }
        return total
    }
}

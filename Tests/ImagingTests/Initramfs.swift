import CPIO
import CTesting
import Compositions
import Compression
import Foundation
import ProgramTesting
import Stores
import TalosModel
import Testing

@testable import Imaging

/// All bytes of a composition.
func bytes(of composition: Composition) throws -> [UInt8] {
    var result: [UInt8] = []
    try composition.read { result += $0 }
    #expect(UInt64(result.count) == composition.length)
    return result
}

/// The members of a compressed cpio archive.
struct Member {
    var entries: [(entry: CPIOEntry, content: [UInt8])] = []

    init(_ bytes: [UInt8]) throws {
        let format = try #require(CompressionFormat(sniffing: bytes))
        try self.init(archive: decompress(bytes, format: format, outputLimit: 1 << 30))
    }

    init(archive: [UInt8]) throws {
        let reader = CPIOReader()
        var entries: [(entry: CPIOEntry, content: [UInt8])] = []
        try reader.write(archive) {
            switch $0 {
            case .entry(let entry): entries.append((entry, []))
            case .data(let data): entries[entries.count - 1].content += data
            case .end, .trailer: break
            }
        }
        try reader.finish()
        self.entries = entries
        #expect(try listing(of: archive) == entries.map(\.entry.path))
        #expect(archive.count.isMultiple(of: 512))
    }

    subscript(path: String) -> [UInt8]? { entries.first { $0.entry.path == path }?.content }
    var paths: [String] { entries.map(\.entry.path) }
}

/// A name for an image that stands alone.
let imageName = "7.sqsh"

extension Member {
    /// A part of an archive, with an end put to it.
    init(
        _ part: ArchivePart, named name: String = imageName, layout: FileLayout = FileLayout(TalosVersion(1, 13, 0))
    ) throws {
        var writer = CPIOWriter()
        let segments = try part.segments(named: name, layout: layout, in: &writer)
        let archive = try decompress(
            bytes(of: Composition(segments)), format: layout.usesZstandard ? .zstd : .xz, outputLimit: 1 << 30)
        #expect(UInt64(archive.count) == writer.length)
        try self.init(archive: archive + writer.trailer())
    }
}

/// The names that the cpio program finds.
private func listing(of archive: [UInt8]) throws -> [String] {
    let folder = try TestFolder()
    try Data(archive).write(to: URL(filePath: folder.path + "/archive"))
    let output = try run("/bin/sh", ["-c", "cpio -it --quiet <archive"], in: folder.path)
    return output.split(separator: "\n").map(String.init)
}

/// Runs a program that must succeed, and gives what it printed.
@discardableResult
func run(_ program: String, _ arguments: [String], in folder: String) throws -> String {
    String(decoding: try ProgramRun(program, arguments, in: folder).checked().output, as: UTF8.self)
}

/// A squashfs image unpacked by unsquashfs.
struct UnpackedImage {
    let folder: TestFolder
    /// The lines of `unsquashfs -lln`, without the heading: mode, owner, size, date, time, path.
    let listing: [String]

    /// - Parameter attributes: whether to unpack extended attributes, which only root can.
    init(_ image: [UInt8], attributes: Bool = false) throws {
        folder = try TestFolder()
        try Data(image).write(to: URL(filePath: folder.path + "/image"))
        try run(
            "unsquashfs", [attributes ? "-xattrs" : "-no-xattrs", "-no-progress", "-quiet", "-d", "tree", "image"],
            in: folder.path)
        listing = try run("unsquashfs", ["-lln", "image"], in: folder.path).split(separator: "\n").map(String.init)
    }

    /// Everything below the root.
    var paths: [String] {
        (FileManager.default.enumerator(atPath: folder.path + "/tree")?.compactMap { $0 as? String } ?? [])
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    func content(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: folder.path + "/tree/" + path).map { [UInt8]($0) }
    }

    func linkTarget(_ path: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/tree/" + path)
    }

    /// The SELinux label, of a link itself.
    func label(_ path: String) -> String? {
        var value = [UInt8](repeating: 0, count: 4096)
        let count = lgetxattr("\(folder.path)/tree/\(path)", "security.selinux", &value, value.count)
        return count < 0 ? nil : String(decoding: value.prefix(count), as: UTF8.self)
    }

    /// The root's mode as `ls` writes it.
    var rootMode: String? { listing.first { $0.hasSuffix(" squashfs-root") }.map { String($0.prefix { $0 != " " }) } }

    /// The mode as `ls` writes it.
    func mode(_ path: String) -> String? {
        let end = Array(" squashfs-root/\(path)".utf8)
        return listing.first { line in
            let line =
                line.contains(" -> ")
                ? Array(line.utf8[..<(line.firstRange(of: " -> ")?.lowerBound ?? line.endIndex)]) : Array(line.utf8)
            return line.reversed().starts(with: end.reversed())
        }
        .map { String($0.prefix { $0 != " " }) }
    }
}

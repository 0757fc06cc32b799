import Foundation
import TalosModel
import Testing
import VectorTesting

/// One line of the fixtures; see their README.
struct KnownAnswer: Decodable, Sendable, CustomTestStringConvertible {
    struct Meta: Decodable, Sendable {
        var key: UInt8
        var value: String?
        var value_repeat: Repeated?
        var entry: MetaEntry {
            MetaEntry(key: key, value: value ?? value_repeat.map { String(repeating: $0.text, count: $0.count) } ?? "")
        }
    }

    struct Repeated: Decodable, Sendable {
        var text: String
        var count: Int
        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            text = try container.decode(String.self)
            count = try container.decode(Int.self)
        }
    }

    var name: String
    var op: String
    var unsettled: String?
    var platform: String?
    var arch: String?
    var version: String?
    var kind: String?
    var secureboot: Bool?
    var meta: [Meta]?
    var overlay_args: [String]?
    var extra: [String]?
    var cmdline: String?
    var error: String?
    var line: String?
    var args: [String]?
    var out: String?
    var encoded: String?
    var gzip: Bool?
    var plain: String?
    var head_hex: String?
    var tail_hex: String?
    var sha256: String?
    var size: Int?
    var set_ok: Bool?

    var testDescription: String { name }

    var talosVersion: TalosVersion { TalosVersion(tolerating: version ?? "") ?? .newerThanAll }

    /// The answers of some operations, but those that are not settled.
    static func load(_ file: VectorFile, _ ops: String...) throws -> [KnownAnswer] {
        try file.lines(KnownAnswer.self).filter { ops.contains($0.op) && $0.unsettled == nil }
    }

    /// The operations of all answers, settled or not.
    static func operations(_ file: VectorFile) throws -> Set<String> { Set(try file.lines(KnownAnswer.self).map(\.op)) }
}

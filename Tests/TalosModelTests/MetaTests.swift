import Bytes
import Digests
import Foundation
import TalosModel
import Testing
import VectorTesting

@Suite struct MetaTests {
    @Test(arguments: try KnownAnswer.load(.meta, "metaenv"))
    func environmentValueHoldsWhatTalosReads(_ known: KnownAnswer) throws {
        var compressed = false
        let value = try MetaEncoding.environmentValue(
            of: try #require(known.meta).map(\.entry), version: known.talosVersion
        ) { bytes in
            compressed = true
            return try gzip(bytes)
        }
        #expect(compressed == known.gzip)
        if compressed {
            let bytes = try #require(Data(base64Encoded: value))
            #expect(Data(try gunzip(Array(bytes))).base64EncodedString() == known.plain)
        } else {
            #expect(value == known.encoded)
        }
    }

    @Test(arguments: try KnownAnswer.load(.meta, "adv"))
    func partitionIsWhatTalosWrites(_ known: KnownAnswer) throws {
        let entries = try #require(known.meta).map(\.entry)
        guard known.set_ok ?? true else {
            let error = #expect(throws: MetaPartitionError.self) { try MetaPartition.encode(entries) }
            // A tag's header, its length, its value; half a partition holds that, between its own header and sum.
            let needed = entries.reduce(0) { $0 + 8 + $1.value.count }
            #expect(error?.needed == needed && error?.capacity == 262_092 && needed > 262_092)
            return
        }
        let image = try MetaPartition.encode(entries)
        #expect(image.count == known.size)
        #expect(image.suffix(36).hexadecimal == known.tail_hex)
        if let head = known.head_hex { #expect(image.hexadecimal.hasPrefix(head)) }
        #expect(Digest.of(image).hexadecimal == known.sha256)
    }

    @Test func everyKnownAnswerIsUsed() throws {
        #expect(try KnownAnswer.operations(.meta) == ["metaenv", "adv"])
    }

    @Test func severalValuesStandInTheirOrder() throws {
        let image = try MetaPartition.encode([
            MetaEntry(key: 12, value: "b"), MetaEntry(key: MetaKey.diskImageBootloader, value: "dual-boot"),
        ])
        #expect(
            image.prefix(30).hexadecimal
                == "5a4b3c2d" + "0000000c0000000162" + "0000001100000009" + Array("dual-boot".utf8).hexadecimal)
    }
}

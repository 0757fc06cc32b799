import CPIO
import OCIModel
import TarArchives

extension FuzzTarget {
    static func json(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(decoding: shifted(bytes)) else { return }
        require((try? JSONValue(decoding: value.encode()[...])) == value, "a JSON value survives its encoding")
    }

    static func oci(_ bytes: [UInt8]) {
        let bytes = shifted(bytes)
        if let index = try? Index(decoding: bytes) {
            require((try? Index(decoding: index.encode()[...])) != nil, "an index survives its encoding")
        }
        if let manifest = try? Manifest(decoding: bytes) {
            require((try? Manifest(decoding: manifest.encode()[...])) != nil, "a manifest survives its encoding")
        }
        _ = try? ImageConfiguration(decoding: bytes)
    }

    static func reference(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let reference = try? ImageReference(parsing: text) else { return }
        require((try? ImageReference(parsing: "\(reference)")) == reference, "a reference is what it prints")
    }

    /// The first byte says how long the pieces are in which the archive comes.
    static func tar(_ bytes: [UInt8]) {
        let reader = TarReader()
        feed(bytes, { try reader.write($0) { _ in } }, { try reader.finish() })
    }

    static func cpio(_ bytes: [UInt8]) {
        let reader = CPIOReader()
        feed(bytes, { try reader.write($0) { _ in } }, { try reader.finish() })
    }

    private static func feed(_ bytes: [UInt8], _ write: ([UInt8]) throws -> Void, _ finish: () throws -> Void) {
        let step = max(1, Int(bytes.first ?? 0) * 8)
        let archive = bytes.dropFirst()
        do {
            for start in stride(from: archive.startIndex, to: archive.endIndex, by: step) {
                try write(Array(archive[start..<min(start + step, archive.endIndex)]))
            }
            try finish()
        } catch {
            // A named error is a good answer.
        }
    }
}

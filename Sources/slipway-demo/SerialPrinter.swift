import Foundation
import Synchronization

/// Prints what a serial line says as it says it, indented, without the escape sequences that move a terminal's cursor.
final class SerialPrinter: Sendable {
    private let printed = Mutex(0)

    /// Prints the whole lines that are new in `text`, the serial line from its beginning.
    func show(_ text: String) {
        let new = printed.withLock { printed -> String in
            let bytes = text.utf8
            guard bytes.count > printed else { return "" }
            let rest = bytes.dropFirst(printed)
            guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return "" }
            let whole = rest[...end]
            printed += whole.count
            return String(decoding: whole, as: UTF8.self)
        }
        write(new)
    }

    /// Resets the terminal's colours, which firmware leaves as they were.
    func finish() { FileHandle.standardOutput.write(Data("\u{1b}[0m".utf8)) }

    private func write(_ text: String) {
        for line in Self.plain(text).split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if !line.isEmpty { FileHandle.standardOutput.write(Data("   | \(line)\n".utf8)) }
        }
    }

    /// Without control sequences (ECMA-48: ESC [ … final byte) and other control characters.
    private static func plain(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "\u{1b}" else {
                if scalar == "\n" || scalar.value >= 0x20 { result.append(scalar) }
                continue
            }
            guard scalars.next() == "[" else { continue }
            while let part = scalars.next(), !("@"..."~").contains(part) {}
        }
        return String(result)
    }
}

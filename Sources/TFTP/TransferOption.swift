import Bytes

/// One option of a request or an OACK: a name, compared without regard to case, and a value in decimal (RFC 2347).
public struct TransferOption: Hashable, Sendable {
    /// The name as it was written.
    public var name: String
    /// The value as it was written.
    public var value: String

    /// An option.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Reads what is left of a packet. Nothing but the packet's own size limits how many there are and how long they are:
    /// options that nobody knows are ignored (RFC 2347), and vendors' hold whole descriptions.
    static func list(from reader: inout ByteReader) throws(TFTPPacketError) -> [TransferOption] {
        var options: [TransferOption] = []
        while let first = reader.remaining.first, first != 0 {
            let name = try reader.terminated("option name", limit: .max)
            let value = try reader.terminated("value of an option", limit: .max)
            options.append(
                TransferOption(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        return options
    }

    func encode(to writer: inout ByteWriter) {
        writer.terminated(name.utf8)
        writer.terminated(value.utf8)
    }

    /// Which option it is, if it is one that is known here; names are ASCII of either case.
    var known: Known? {
        guard name.utf8.count <= Known.longestName else { return nil }
        return Known(
            rawValue: String(decoding: name.utf8.map { $0 | ((0x41...0x5a).contains($0) ? 0x20 : 0) }, as: UTF8.self))
    }

    /// The options of RFC 2348, 2349 and 7440.
    enum Known: String {
        case blockSize = "blksize"
        case transferSize = "tsize"
        case timeout
        case windowSize = "windowsize"

        static let longestName = 10
    }

    /// The value as a plain decimal number without sign; nil for anything else.
    var number: UInt64? {
        guard !value.isEmpty, value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt64(value)
    }
}

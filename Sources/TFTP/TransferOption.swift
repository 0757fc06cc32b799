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

    /// The longest name or value that is read, in bytes.
    public static let longestText = 128

    static func list(from reader: inout ByteReader) throws(TFTPPacketError) -> [TransferOption] {
        var options: [TransferOption] = []
        while let first = reader.remaining.first, first != 0 {
            guard options.count < TFTPPacket.mostOptions else {
                throw .tooManyOptions(limit: TFTPPacket.mostOptions)
            }
            let name = try reader.terminated("option name", limit: longestText)
            let value = try reader.terminated("value of an option", limit: longestText)
            options.append(
                TransferOption(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        return options
    }

    func encode(to writer: inout ByteWriter) {
        writer.terminated(name.utf8)
        writer.terminated(value.utf8)
    }

    /// The value as a plain decimal number without sign; nil for anything else.
    var number: UInt64? {
        guard !value.isEmpty, value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt64(value)
    }
}

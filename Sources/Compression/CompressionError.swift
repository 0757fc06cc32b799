/// Why bytes could not be compressed or decompressed.
public enum CompressionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The input is not what its format asks for.
    case corrupt(CompressionFormat, reason: String)
    /// The input ended inside a frame, stream or member, or was empty.
    case truncated(CompressionFormat)
    /// The input holds more than the caller allows, in bytes.
    case outputLimitExceeded(CompressionFormat, limit: UInt64)
    /// Decompressing would take more memory than the library was allowed to use.
    case memoryLimitExceeded(CompressionFormat)
    /// The settings are outside of what the format offers.
    case invalidSettings(CompressionFormat, reason: String)
    /// The stream was used after it had ended or failed.
    case finished(CompressionFormat)

    public var description: String {
        switch self {
        case .corrupt(let format, let reason): "the \(format) data is damaged: \(reason)"
        case .truncated(let format): "the \(format) data is cut off; get the file again"
        case .outputLimitExceeded(let format, let limit): "the \(format) data unpacks to more than \(limit) bytes"
        case .memoryLimitExceeded(let format): "the \(format) data needs too much memory to unpack"
        case .invalidSettings(let format, let reason): "\(format) cannot be set up this way: \(reason)"
        case .finished(let format): "the \(format) stream has ended already"
        }
    }
}

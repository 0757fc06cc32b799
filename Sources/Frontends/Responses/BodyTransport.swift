/// How the bytes of files leave by a connection.
///
/// A file region passes only where nothing behind it has to see the bytes; whatever encrypts or compresses them needs buffers.
public enum BodyTransport: Sendable {
    /// By sendfile(2): the bytes never enter this process.
    case sendfile
    /// Read a piece at a time, each when the one before has been written.
    case buffers

    /// The longest piece that is read, in bytes: what one connection holds of memory while its client reads slowly.
    static let bufferLength = 256 << 10
}

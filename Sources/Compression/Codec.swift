/// What the three libraries have in common: input in pieces, output in pieces through one buffer.
///
/// A codec is used by one caller at a time, and never again after it threw.
protocol Codec: AnyObject {
    /// Takes input from the front of `input` and writes to the front of `output`.
    ///
    /// - Parameter ending: whether no input comes after `input`.
    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, ending: Bool
    ) throws(CompressionError) -> Progress
}

/// What one step of a codec did.
struct Progress {
    /// How many bytes of input it took.
    var consumed: Int
    /// How many bytes of output it made.
    var produced: Int
    /// For a compressor: that all is written. For a decompressor: that the input so far is whole.
    var complete: Bool
}

/// Memory for output, of a size that suits all three libraries.
final class OutputBuffer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 16)

    deinit { memory.deallocate() }
}

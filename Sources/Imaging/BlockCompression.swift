import Compression
import Dispatch
import Synchronization

/// Compresses batches of blocks on this build's processor and on those that are idle; the result does not depend on how
/// many.
final class ParallelCompression {
    private let settings: CompressionSettings
    private let share: ProcessorShare
    private var workers: [Worker] = []

    /// A compressor of its own for each thread.
    private final class Worker: Sendable {
        let compressor: Mutex<BlockCompressor>

        init(_ settings: CompressionSettings) throws(CompressionError) {
            compressor = Mutex(try BlockCompressor(settings))
        }

        func compress(_ block: [UInt8]) -> Result<[UInt8]?, CompressionError> {
            compressor.withLock { compressor in
                Result { () throws(CompressionError) in try compressor.compress(block) }
            }
        }
    }

    /// - Parameter share: where further processors come from; the caller holds one of them while it compresses.
    init(_ settings: CompressionSettings, share: ProcessorShare) {
        self.settings = settings
        self.share = share
    }

    /// How many blocks make a batch that keeps everyone busy.
    var blocksPerBatch: Int { share.count * 4 }

    /// Each block's compressed form, or nil where that would not be shorter.
    func compress(_ blocks: [[UInt8]]) throws -> [[UInt8]?] {
        try share.withIdle(min(blocks.count, share.count) - 1) { further in
            while workers.count <= further { workers.append(try Worker(settings)) }
            if further == 0 { return try blocks.map { try self.workers[0].compress($0).get() } }
            let results = Mutex<[Result<[UInt8]?, CompressionError>]>(
                Array(repeating: .success(nil), count: blocks.count))
            let next = Atomic<Int>(0)
            let workers = workers
            // No way off the pool: it is off it already, and this shares its work with threads that Dispatch has anyway, no
            // more of them than there are idle processors in all builds together.
            DispatchQueue.concurrentPerform(iterations: further + 1) { worker in
                // The next block that nobody has taken.
                while true {
                    let index = next.add(1, ordering: .relaxed).oldValue
                    guard index < blocks.count else { return }
                    let result = workers[worker].compress(blocks[index])
                    results.withLock { $0[index] = result }
                }
            }
            return try results.withLock { $0 }.map { try $0.get() }
        }
    }
}

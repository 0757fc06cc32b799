import Compression
import Dispatch
import Synchronization

/// Compresses batches of blocks on several processors; the result does not depend on how many.
final class ParallelCompression {
    private let workers: [Worker]

    /// A compressor of its own for each processor.
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

    /// - Parameter processors: how many to use at a time.
    init(_ settings: CompressionSettings, processors: Int) throws(CompressionError) {
        var workers: [Worker] = []
        for _ in 0..<max(1, processors) { workers.append(try Worker(settings)) }
        self.workers = workers
    }

    /// How many blocks make a batch that keeps everyone busy.
    var blocksPerBatch: Int { workers.count * 4 }

    /// Each block's compressed form, or nil where that would not be shorter.
    func compress(_ blocks: [[UInt8]]) throws -> [[UInt8]?] {
        if blocks.count == 1 || workers.count == 1 { return try blocks.map { try self.workers[0].compress($0).get() } }
        let results = Mutex<[Result<[UInt8]?, CompressionError>]>(Array(repeating: .success(nil), count: blocks.count))
        let next = Atomic<Int>(0)
        let workers = workers
        DispatchQueue.concurrentPerform(iterations: workers.count) { worker in
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

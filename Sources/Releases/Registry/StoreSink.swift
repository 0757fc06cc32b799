import Digests
import NIOCore
import OCIModel
import Registries
import Stores
import Synchronization
import Workers

/// Takes a blob into the store as it comes from a registry, a mebibyte at a time and off the cooperative pool.
final class StoreSink: BlobSink {
    private struct State {
        var writer: BlobWriter?
        var pending: [UInt8] = []
    }

    /// As much as is written at once: fewer changes of threads than bytes come in pieces.
    private static let pieceLength = 1 << 20

    private let store: EmbeddedStore
    private let disk: BlockingWork
    private let descriptor: Descriptor
    private let progress: FetchProgress
    private let state = Mutex(State())

    init(_ descriptor: Descriptor, store: EmbeddedStore, disk: BlockingWork, progress: FetchProgress) {
        self.descriptor = descriptor
        self.store = store
        self.disk = disk
        self.progress = progress
    }

    func begin(at offset: UInt64) async throws {
        guard offset == 0 else { return }
        let lost = try await disk.run { [self] in
            try state.withLock { state in
                let lost = (state.writer?.count ?? 0) + UInt64(state.pending.count)
                // What was written goes with its writer.
                state.writer = nil
                state.pending = []
                state.writer = try store.writer(limit: descriptor.size)
                return lost
            }
        }
        progress.take(back: lost)
    }

    func write(_ bytes: ByteBuffer) async throws {
        progress.add(UInt64(bytes.readableBytes))
        let isFull = state.withLock { state in
            state.pending.append(contentsOf: bytes.readableBytesView)
            return state.pending.count >= Self.pieceLength
        }
        if isFull { try await disk.run { try self.flush() } }
    }

    /// All of it, in the store.
    func finish() async throws -> StagedBlob {
        try await disk.run { [self] in
            try flush()
            guard let writer = state.withLock({ $0.writer.take() }) else {
                throw ReleaseError(.blob, "blob \(descriptor.digest) was never begun")
            }
            let staged = try store.finish(writer, expecting: descriptor.digest)
            // At once: what is whole need not be fetched again, however this ends.
            try store.commit(staged)
            return staged
        }
    }

    private func flush() throws {
        try state.withLock { state in
            try state.writer?.write(state.pending)
            state.pending.removeAll(keepingCapacity: true)
        }
    }
}

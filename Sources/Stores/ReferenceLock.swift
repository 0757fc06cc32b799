import Compositions
import Files
import Glibc

/// What keeps blobs and the records that name them together.
///
/// Whoever stores content finds it there already as often as not, and writes the record that names it a moment later. One who
/// removes what no record names must not come in between. So those who write hold a lock that they share, over both steps, and
/// one who removes holds it alone. It is a lock between processes, and the kernel drops that of one that has ended.
struct ReferenceLock: ~Copyable, Sendable {
    private let file: OwnedDescriptor

    /// How it is held.
    enum Holding {
        /// By those who write, any number of them.
        case shared
        /// By the one who removes.
        case alone
    }

    /// Waits for the lock, a minute at most: those who remove hold it for moments, and those who write until their content
    /// is on the disk.
    init(_ holding: Holding, in session: StoreSession) throws(StoreError) {
        let (flag, others) = holding == .shared ? (LOCK_SH, "removes from") : (LOCK_EX, "writes into")
        let path = session.referenceLockPath
        for _ in 0..<6000 {
            let file = try session.openLock(path)
            if try file.tryLock(path, flag) {
                // Where somebody has removed the file, others lock another one.
                if try FileIdentity(ifPresent: path)?.node == file.identity(path).node {
                    self.file = file
                    return
                }
                continue
            }
            usleep(10_000)
        }
        throw StoreError(
            .busy,
            "a process that \(others) this store has held \(path) for a minute; see who with 'fuser \(path)', and do it again"
        )
    }

    /// Lets the others go on.
    consuming func release() {}
}

/// Keeps others from removing blobs while whoever has it stores more of them, and later the records that name them.
public final class WritingHold: Sendable {
    private let lock: ReferenceLock

    fileprivate init(_ session: StoreSession) throws(StoreError) { lock = try ReferenceLock(.shared, in: session) }
}

extension EmbeddedStore {
    /// Keeps blobs that have no name yet from being removed for as long as the result lives. Others write meanwhile.
    ///
    /// - Throws: `StoreError`, with the code `busy` while somebody removes.
    public func holdForWriting() throws(StoreError) -> WritingHold { try WritingHold(writableSession()) }
}

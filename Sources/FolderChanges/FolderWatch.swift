import Dispatch
import Glibc
import Workers

/// Tells that something in some folders may have changed: by inotify at once, and every few seconds besides, for file
/// systems that do not report changes and for files that are links to elsewhere.
public final class FolderWatch {
    /// An element for each time to look, the first at once; several changes may be one element.
    public let changes: AsyncStream<Void>

    /// Finding a folder takes as long as its disk does.
    private let disk = BlockingWork(width: 1, capacity: 1) { _ in CancellationError() }
    // -1 where the kernel gives no more inotify instances; then only the timer is left.
    private let descriptor: Int32
    private let sources: [any DispatchSourceProtocol]

    /// How many folders are watched at most; the timer serves the others.
    private static let folderLimit = 256

    /// A watch of no folders yet.
    ///
    /// - Parameter interval: How often it tells to look where the kernel reports nothing.
    public init(interval: Duration) {
        // For what the kernel tells of, which is taken at once and never waits.
        let queue = DispatchQueue(label: "folder changes")
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let timer = DispatchSource.makeTimerSource(queue: queue)
        let (seconds, attoseconds) = interval.components
        let milliseconds = min(max(0, seconds), 1 << 30) * 1000 + attoseconds / 1_000_000_000_000_000
        timer.schedule(deadline: .now(), repeating: .milliseconds(max(1, Int(milliseconds))))
        timer.setEventHandler { continuation.yield() }
        timer.activate()
        var sources: [any DispatchSourceProtocol] = [timer]
        if descriptor >= 0 {
            let reader = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            reader.setEventHandler {
                // What happened does not matter, as files are compared anyway.
                var events = [UInt8](repeating: 0, count: 1 << 14)
                while read(descriptor, &events, events.count) > 0 {}
                continuation.yield()
            }
            reader.setCancelHandler { close(descriptor) }
            reader.activate()
            sources.append(reader)
        }
        self.changes = changes
        self.descriptor = descriptor
        self.sources = sources
    }

    deinit { for source in sources { source.cancel() } }

    /// Watches exactly these folders. Those that are not there are tried again at the next call, as are all when the task is
    /// cancelled.
    public func watch(_ folders: Set<String>) async {
        let descriptor = descriptor
        guard descriptor >= 0 else { return }
        try? await disk.run {
            let events =
                IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR
            // Adding a folder again is no harm, and finds one that was removed and made anew. Folders no longer named
            // stay watched: what happens there is compared away.
            for folder in folders.sorted().prefix(Self.folderLimit) {
                _ = inotify_add_watch(descriptor, folder, UInt32(events))
            }
        }
    }
}

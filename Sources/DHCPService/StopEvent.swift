import CLinux
import Foundation

/// Ends the threads that wait on descriptors: readable to all of them for ever once it was signalled.
final class StopEvent: Sendable {
    let descriptor: Int32

    init() throws(DHCPServiceError) {
        descriptor = linux_event_create()
        guard descriptor >= 0 else { throw .system(action: "creating an event descriptor", code: -descriptor) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func signal() { linux_event_signal(descriptor) }

    /// Waits until the descriptor is readable or the time is over.
    /// - Returns: False once the event was signalled.
    func wait(for readable: Int32, milliseconds: Int32) -> Bool {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: readable, events: Int16(POLLIN), revents: 0),
        ]
        // A negative descriptor is passed over, which makes this a sleep that can be ended.
        _ = poll(&descriptors, 2, milliseconds)
        return descriptors[0].revents == 0
    }
}

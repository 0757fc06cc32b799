import Hummingbird
import NIOCore
import NetworkTypes
import Synchronization
import Timelines
import Workers

/// The list of all machines, written piece by piece as a client takes it, so that one that does not read holds one piece.
///
/// The writing is done on one thread of its own. Requests within a second share the order of the list and its pieces, so that
/// many who ask at once cost as much as one.
final class MachineListing: Sendable {
    /// The machines in the order of the list.
    final class Order: Sendable {
        let machines: [MACAddress]
        fileprivate let made = ContinuousClock.now

        fileprivate init(_ machines: [MACAddress]) { self.machines = machines }
    }

    /// A part of the list.
    struct Piece: Sendable {
        /// The machines with commas between them; empty if all of them have been forgotten meanwhile.
        var text: ByteBuffer
        /// Where in the order the next piece begins.
        var end: Int
    }

    private struct Written {
        var order: Order
        var start: Int
        var end: Int
        var piece: Piece
        var made: ContinuousClock.Instant
    }

    private struct State {
        var order: Order?
        var written: [Written] = []
    }

    /// About how many bytes a piece has.
    private static let pieceSize = 128 << 10
    /// How many pieces are kept for others.
    private static let mostWritten = 32
    private static let lifetime = Duration.seconds(1)

    private let timeline: BootTimeline
    private let writing = BlockingWork(width: 1, capacity: 4096) { _ in
        HTTPError(.serviceUnavailable, message: "too many ask for the list of machines at once; try again in a moment")
    }
    private let state = Mutex(State())

    init(timeline: BootTimeline) { self.timeline = timeline }

    /// The order of a list that begins now.
    func order() async throws -> Order {
        try await writing.run { [self] in
            state.withLock { state in
                let now = ContinuousClock.now
                if let order = state.order, now - order.made < Self.lifetime { return order }
                let order = Order(timeline.machines())
                state.order = order
                state.written.removeAll { now - $0.made >= Self.lifetime }
                return order
            }
        }
    }

    /// The piece that begins at a place in the order.
    func piece(of order: Order, from start: Int, to end: Int) async throws -> Piece {
        try await writing.run { [self] in
            let now = ContinuousClock.now
            let known = state.withLock { state in
                state.written.first {
                    $0.order === order && $0.start == start && $0.end == end && now - $0.made < Self.lifetime
                }
            }
            if let known { return known.piece }
            let piece = write(order, from: start, to: end)
            state.withLock { state in
                if state.written.count >= Self.mostWritten { state.written.removeFirst() }
                state.written.append(Written(order: order, start: start, end: end, piece: piece, made: now))
            }
            return piece
        }
    }

    private func write(_ order: Order, from start: Int, to end: Int) -> Piece {
        var text = MachineText()
        var place = start
        while place < end, text.bytes.count < Self.pieceSize {
            if let machine = timeline.snapshot(of: order.machines[place]) {
                if !text.bytes.isEmpty { text.raw(",") }
                text.add(machine)
            }
            place += 1
        }
        return Piece(text: ByteBuffer(bytes: text.bytes), end: place)
    }
}

import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NetworkTypes
import Timelines

/// `/machines`: every machine's boot as one story, as JSON, the machine heard of last first. `?limit=` and `?offset=` give a
/// part of the list.
public struct MachineRoutes: RouteGroup {
    let timeline: BootTimeline
    private let listing: MachineListing

    /// The routes.
    public init(timeline: BootTimeline) {
        self.timeline = timeline
        listing = MachineListing(timeline: timeline)
    }

    public func add(to routes: inout Routes) {
        routes.get(ServicePath.machines, use: all)
        routes.get(ServicePath.machine(":mac"), use: machine)
    }

    @Sendable func all(request: Request, context: FrontendContext) async throws -> Response {
        let query = request.query
        guard let offset = Self.number(query["offset"], default: 0),
            let limit = Self.number(query["limit"], default: .max)
        else { return .refusal(.badRequest, "limit and offset are numbers of machines, as in ?limit=100&offset=200") }
        let order = try await listing.order()
        let start = min(offset, order.machines.count)
        let end = start + min(limit, order.machines.count - start)
        let first = try await listing.piece(of: order, from: start, to: end)
        let headers: HTTPFields = [.contentType: "application/json"]
        if first.end >= end {
            var text = ByteBuffer(string: "[")
            text.writeImmutableBuffer(first.text)
            text.writeString("]")
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: text))
        }
        let body = ResponseBody { [listing] writer in
            var piece = first
            var opening = "["
            while true {
                if piece.text.readableBytes > 0 {
                    try await writer.write(ByteBuffer(string: opening))
                    try await writer.write(piece.text)
                    opening = ","
                }
                guard piece.end < end else { break }
                piece = try await listing.piece(of: order, from: piece.end, to: end)
            }
            try await writer.write(ByteBuffer(string: opening == "[" ? "[]" : "]"))
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    private static func number(_ text: String?, default standard: Int) -> Int? {
        guard let text else { return standard }
        return Int(text).flatMap { $0 >= 0 ? $0 : nil }
    }

    @Sendable func machine(request: Request, context: FrontendContext) async throws -> Response {
        let text = try context.parameters.require("mac")
        guard let mac = MACAddress(parsing: text) else {
            return .refusal(
                .badRequest, "'\(PublicText.beginning(of: text))' is not a MAC address, as in 52:54:00:12:34:56")
        }
        guard let snapshot = timeline.snapshot(of: mac) else {
            return .refusal(.notFound, "nothing has been seen of \(mac), or it was long ago")
        }
        var json = MachineText()
        json.add(snapshot)
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }
}

import BootTimeline
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NetworkTypes

/// `/machines`: every machine's boot as one story, as JSON.
struct MachineRoutes {
    let timeline: BootTimeline

    func add(to routes: inout Routes) {
        routes.get("machines") { _, _ in try Self.json(timeline.snapshots()) }
        routes.get("machines/:mac", use: machine)
    }

    @Sendable func machine(request: Request, context: FrontendContext) async throws -> Response {
        let text = try context.parameters.require("mac")
        guard let mac = MACAddress(parsing: text) else {
            return .refusal(.badRequest, "'\(text.prefix(64))' is not a MAC address, as in 52:54:00:12:34:56")
        }
        guard let snapshot = timeline.snapshot(of: mac) else {
            return .refusal(.notFound, "nothing has been seen of \(mac) since the start, or it was long ago")
        }
        return try Self.json(snapshot)
    }

    private static func json(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }
}

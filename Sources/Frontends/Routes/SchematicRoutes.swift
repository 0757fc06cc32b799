import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageFactory
import NIOCore
import Schematics

/// `POST /schematics` and `GET /schematics/:schematic`, as Image Factory has them.
public struct SchematicRoutes: RouteGroup {
    let factory: Factory
    /// How many bytes a schematic may have. Image Factory has no limit; a schematic is a page of text, and the largest part
    /// of one, an embedded machine configuration, is a few hundred KiB at most.
    public let bodyLimit: Int
    /// For the bodies of all clients together.
    let budget: BodyBudget

    /// The routes.
    public init(factory: Factory, bodyLimit: Int) {
        self.factory = factory
        self.bodyLimit = bodyLimit
        budget = BodyBudget(bodiesOf: bodyLimit)
    }

    public func add(to routes: inout Routes) {
        routes.post("schematics", use: create)
        routes.get("schematics/:schematic", use: show)
    }

    @Sendable func create(request: Request, context: FrontendContext) async throws -> Response {
        if let length = request.headers[.contentLength], Int(length).map({ $0 > bodyLimit }) ?? true {
            return .refusal(.contentTooLarge, "a schematic may have \(bodyLimit) bytes at most")
        }
        let held = budget.reservation(for: ClientKey(context.channel.remoteAddress))
        let body = try await collect(request.body, held)
        let answer = try await ConnectionEnd.cancelling(on: context.channel) { [factory] in
            try await factory.create(body) { schematic in
                JSONText.object([
                    ("id", .string(schematic.id.description)), ("schematic", .string(schematic.description)),
                ]).bytes
            }
        }
        held.settle(at: answer.count)
        return Response(
            status: .created, headers: [.contentType: "application/json"],
            body: .pieces(of: answer, holding: held))
    }

    private static let tooMuch = FactoryError(
        .busy, "too many schematics are on their way at the same time; try again in a moment")

    /// How long a client may take to send a schematic.
    private static let patience = Duration.seconds(30)

    /// The whole body, within its limits in bytes and in time.
    private func collect(_ body: RequestBody, _ held: BodyBudget.Reservation) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8]?.self) { [bodyLimit] group in
            group.addTask {
                var bytes: [UInt8] = []
                for try await part in body {
                    guard bytes.count + part.readableBytes <= bodyLimit else {
                        throw HTTPError(.contentTooLarge, message: "a schematic may have \(bodyLimit) bytes at most")
                    }
                    guard held.grow(by: part.readableBytes) else { throw Self.tooMuch }
                    bytes.append(contentsOf: part.readableBytesView)
                }
                return bytes
            }
            group.addTask {
                try await Task.sleep(for: Self.patience)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let whole = first else {
                throw HTTPError(.requestTimeout, message: "the schematic did not arrive within \(Self.patience)")
            }
            return whole
        }
    }

    @Sendable func show(request: Request, context: FrontendContext) async throws -> Response {
        do {
            let text = try await factory.canonicalText(try context.parameters.require("schematic"))
            let held = budget.reservation(for: ClientKey(context.channel.remoteAddress))
            guard held.grow(by: text.count) else { throw Self.tooMuch }
            return Response(
                status: .ok, headers: [.contentType: "application/yaml"], body: .pieces(of: text, holding: held))
        } catch let error as FactoryError where error.code == .schematicNotFound {
            // This route alone says it without the ID, in the original too.
            throw FactoryError(.schematicNotFound, "schematic not found")
        }
    }
}

extension ResponseBody {
    /// Bytes that leave a piece at a time, as fast as the client takes them, so that no copy of them waits for it.
    ///
    /// - Parameter held: Let go when the last piece has left, or the connection has ended.
    static func pieces(of bytes: [UInt8], holding held: (any Sendable)? = nil) -> ResponseBody {
        ResponseBody(contentLength: bytes.count) { writer in
            let size = 64 << 10
            for start in stride(from: 0, to: bytes.count, by: size) {
                try await writer.write(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
            }
            try await writer.finish(nil)
            withExtendedLifetime(held) {}
        }
    }
}

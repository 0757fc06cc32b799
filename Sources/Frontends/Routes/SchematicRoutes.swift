import Factory
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Schematics

/// `POST /schematics` and `GET /schematics/:schematic`, as Image Factory has them.
struct SchematicRoutes {
    let factory: Factory
    /// How many bytes a schematic may have. Image Factory has no limit; a schematic is a page of text, and the largest part
    /// of one, an embedded machine configuration, is a few hundred KiB at most.
    let bodyLimit: Int

    func add(to routes: inout Routes) {
        routes.post("schematics", use: create)
        routes.get("schematics/:schematic", use: show)
    }

    @Sendable func create(request: Request, context: FrontendContext) async throws -> Response {
        if let length = request.headers[.contentLength], Int(length).map({ $0 > bodyLimit }) ?? true {
            return .refusal(.contentTooLarge, "a schematic may have \(bodyLimit) bytes at most")
        }
        let body: ByteBuffer
        do {
            body = try await collect(request.body)
        } catch is NIOTooManyBytesError {
            return .refusal(.contentTooLarge, "a schematic may have \(bodyLimit) bytes at most")
        }
        let schematic = try await factory.create(Array(body.readableBytesView))
        let answer = JSONText.object([
            ("id", .string(schematic.id.description)),
            ("schematic", .string(String(decoding: schematic.canonicalText, as: UTF8.self))),
        ])
        return .text(answer.document, type: "application/json", status: .created)
    }

    /// How long a client may take to send a schematic.
    private static let patience = Duration.seconds(30)

    /// The whole body, within its limits in bytes and in time.
    private func collect(_ body: RequestBody) async throws -> ByteBuffer {
        try await withThrowingTaskGroup(of: ByteBuffer?.self) { [bodyLimit] group in
            group.addTask { try await body.collect(upTo: bodyLimit) }
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
            let schematic = try await factory.schematic(try context.parameters.require("schematic"))
            return Response(
                status: .ok, headers: [.contentType: "application/yaml"],
                body: .init(byteBuffer: ByteBuffer(bytes: schematic.canonicalText)))
        } catch let error as FactoryError where error.code == .schematicNotFound {
            // This route alone says it without the ID, in the original too.
            throw FactoryError(.schematicNotFound, "schematic not found")
        }
    }
}

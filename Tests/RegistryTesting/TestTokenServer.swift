import FolderTesting
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server that gives tokens for a registry to one user, or to anybody (source: the distribution project's token
/// specification). Tokens are signed with RS256, and have the certificate of their key in them.
public final class TestTokenServer: Sendable {
    /// What registries know it by.
    static let issuer = "slipway-test"
    /// What tokens of registries are for.
    static let service = "slipway-test-registry"

    /// What the server does.
    public struct Behavior: Sendable {
        /// How long tokens are good, in seconds, by the token itself.
        public var lifetime = 300
        /// Whether the answer says how long.
        public var saysLifetime = true
        /// Where it sends everybody instead.
        public var redirect: String?

        /// The usual.
        public init() {}
    }

    private let folder: TemporaryFolder
    private let channel: any Channel
    private let state: Log

    /// Starts a server.
    ///
    /// - Parameter user: Who gets tokens, as `user:password`; anybody when nil.
    public init(user: String? = nil, _ behavior: Behavior = Behavior()) async throws {
        let folder = try TemporaryFolder()
        try folder.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "certificate.pem",
                "-days",
                "2", "-subj", "/CN=slipway-test tokens",
            ])
        let certificate = try folder.run("openssl", ["x509", "-in", "certificate.pem", "-outform", "DER"])
        let signer = Signer(folder: folder, certificate: Data(certificate).base64EncodedString())
        let state = Log(behavior)
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try pipeline.addHandler(
                        AnsweringHandler { request in
                            try Self.answer(request, user, state.note(request), signer)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.folder = folder
        self.state = state
    }

    /// Where tokens are asked for.
    public var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)/token" }

    /// The file of the certificate that registries trust.
    var certificate: String { "\(folder.path)/certificate.pem" }

    /// All requests so far.
    public var requests: [ReceivedRequest] { state.requests }

    /// Changes what the server does.
    public func behave(_ change: @Sendable (inout Behavior) -> Void) { state.change(change) }

    /// Ends the server.
    public func stop() async { try? await channel.close().get() }

    private final class Log: Sendable {
        private let state: Mutex<(behavior: Behavior, requests: [ReceivedRequest])>
        init(_ behavior: Behavior) { state = Mutex((behavior, [])) }
        var requests: [ReceivedRequest] { state.withLock { $0.requests } }
        func change(_ change: (inout Behavior) -> Void) { state.withLock { change(&$0.behavior) } }
        func note(_ request: ReceivedRequest) -> Behavior {
            state.withLock {
                $0.requests.append(request)
                return $0.behavior
            }
        }
    }

    private static func answer(
        _ request: ReceivedRequest, _ user: String?, _ behavior: Behavior, _ signer: Signer
    ) throws -> Answer {
        if let redirect = behavior.redirect {
            var answer = Answer(status: 302)
            answer.headers.append(("Location", redirect))
            return answer
        }
        if let user, request.values("Authorization") != ["Basic \(Data(user.utf8).base64EncodedString())"] {
            var answer = Answer(json: #"{"errors":[{"code":"UNAUTHORIZED","message":"no such user"}]}"#)
            answer.status = 401
            return answer
        }
        guard request.method == "GET" else { return Answer(status: 405) }
        let scopes = request.query.filter { $0.name == "scope" }.flatMap { $0.value.split(separator: " ") }
        let access = scopes.compactMap { scope -> String? in
            let parts = scope.split(separator: ":")
            guard parts.count == 3 else { return nil }
            let actions = parts[2].split(separator: ",").map { "\"\($0)\"" }.joined(separator: ",")
            return #"{"type":"\#(parts[0])","name":"\#(parts[1])","actions":[\#(actions)]}"#
        }
        let token = try signer.token(access: access, lifetime: behavior.lifetime)
        let lifetime = behavior.saysLifetime ? #","expires_in":\#(behavior.lifetime)"# : ""
        return Answer(json: #"{"token":"\#(token)"\#(lifetime)}"#)
    }
}

/// Signs tokens.
private struct Signer: Sendable {
    let folder: TemporaryFolder
    /// The certificate in base64.
    let certificate: String

    func token(access: [String], lifetime: Int) throws -> String {
        let now = Int(Date().timeIntervalSince1970)
        let header = #"{"typ":"JWT","alg":"RS256","x5c":["\#(certificate)"]}"#
        let claims =
            #"{"iss":"\#(TestTokenServer.issuer)","sub":"","aud":"\#(TestTokenServer.service)","iat":\#(now),"nbf":\#(now - 1),"exp":\#(now + lifetime),"jti":"\#(UUID())","access":[\#(access.joined(separator: ","))]}"#
        let signed = "\(Self.encode(Array(header.utf8))).\(Self.encode(Array(claims.utf8)))"
        let name = "token-\(UUID())"
        try folder.write(name, signed)
        let signature = try folder.run("openssl", ["dgst", "-sha256", "-sign", "key.pem", "-binary"], input: name)
        return "\(signed).\(Self.encode(signature))"
    }

    /// Base64 for URLs without padding (RFC 7515 §2).
    private static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

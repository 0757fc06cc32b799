import Foundation

/// What somebody has seen of registries in the field: requests, the answers to them, and what a client is to make of it.
public struct RegistryCase: Decodable, Sendable, CustomStringConvertible {
    /// What it is called.
    public var name: String
    /// What a client wants; nil when it is about a program that keeps credentials.
    public var op: String?
    /// `helper` when it is about such a program.
    public var kind: String?
    /// What is right, for people.
    public var right: String
    /// `https` when the registry is asked so.
    public var registryScheme: String?
    /// What is particular about the mirror.
    public var mirror: Mirror?
    /// What the client has to show; ``Credentials/usual`` when nothing is said.
    public var credentials: Credentials?
    /// The repository; ``usualRepository`` when nothing is said.
    public var repository: String?
    /// The platform that is wanted, as `linux/arm64`.
    public var platform: String?
    /// Whether the program does not end.
    public var hang: Bool?
    private var sequence: [Step]?
    private var request: Request
    private var response: Response

    /// All requests and answers, in the order in which they were seen.
    public var steps: [Step] { sequence ?? [Step(request: request, response: response)] }

    /// The repository of most cases.
    public static let usualRepository = "a/b"

    public var description: String { name }

    enum CodingKeys: String, CodingKey {
        case name, op, kind, right, mirror, credentials, repository, platform, hang, sequence, request, response
        case registryScheme = "registry_scheme"
    }

    /// What is particular about a mirror.
    public struct Mirror: Decodable, Sendable {
        /// What stands before the repository's name.
        public var prefix: String?
        /// Whether the registry itself is never asked.
        public var exclusive: Bool?
    }

    /// A user and a password.
    public struct Credentials: Decodable, Sendable {
        /// The user.
        public var username: String
        /// The password.
        public var password: String
        /// Those of most cases.
        public static let usual = Credentials(username: "user", password: "pass")
    }

    /// One request and its answer.
    public struct Step: Decodable, Sendable {
        /// What is asked.
        public var request: Request
        /// What is answered.
        public var response: Response
    }

    /// Which of the four servers.
    public enum Place: String, Decodable, Sendable, CaseIterable {
        /// The registry.
        case registry = "REG"
        /// The server that gives tokens.
        case tokens = "AUTH"
        /// Another server, to which the registry leads.
        case other = "OTHER"
        /// A mirror.
        case mirror = "MIRROR"
    }

    /// A request as far as it matters, or a program's arguments and input.
    public struct Request: Decodable, Sendable {
        public var at: Place?
        public var method: String?
        public var path: String?
        /// Decoded parameters, each with all its values.
        public var query: [String: Values]?
        /// The exact query.
        public var rawQuery: String?
        /// Fields that have to be there; `*` is any value.
        public var headers: [String: String]?
        public var withoutHeaders: [String]?
        public var form: [String: String]?
        public var body: String?
        public var argv: [String]?
        public var stdin: String?

        enum CodingKeys: String, CodingKey {
            case at, method, path, query, headers, form, body, argv, stdin
            case rawQuery = "query_raw"
            case withoutHeaders = "without_headers"
        }
    }

    /// An answer and how it is sent, or a program's end.
    public struct Response: Decodable, Sendable {
        public var status: Int?
        public var connect: String?
        public var headers: [String: Values]?
        public var body: String?
        public var base64: String?
        public var repeated: Repetition?
        public var generate: String?
        /// After so many bytes of the body the connection ends.
        public var cut: Int?
        /// The connection ends with a reset.
        public var reset: Bool?
        public var closeAfterBody: Bool?
        public var bytesPerSecond: Int?
        public var repeatForEver: Bool?
        public var exit: Int32?
        public var stdout: String?

        enum CodingKeys: String, CodingKey {
            case status, connect, headers, body, generate, cut, reset, exit, stdout
            case base64 = "body_base64"
            case repeated = "body_repeat"
            case closeAfterBody = "close_after_body"
            case bytesPerSecond = "bytes_per_second"
            case repeatForEver = "repeat_for_ever"
        }
    }

    /// One value or several.
    public struct Values: Decodable, Sendable {
        public var all: [String]

        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            do { all = [try container.decode(String.self)] } catch { all = try container.decode([String].self) }
        }
    }

    /// A text so many times.
    public struct Repetition: Decodable, Sendable {
        public var text: String
        public var count: Int

        public init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            text = try container.decode(String.self)
            count = try container.decode(Int.self)
        }
    }
}

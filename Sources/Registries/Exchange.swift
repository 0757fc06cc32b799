import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One question to one server.
struct Exchange: Sendable {
    var method: HTTPMethod
    var url: RegistryURL
    var headers: HTTPHeaders
    var form: String?

    init(_ method: HTTPMethod, _ url: RegistryURL, headers: HTTPHeaders = [:], form: String? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.form = form
    }
}

/// A server's answer, of which the body is still on its way. One that nobody reads closes its connection.
struct Answer: Sendable {
    /// What was asked, after redirects.
    var url: RegistryURL
    var status: Int
    var headers: HTTPHeaders
    var body: HTTPClientResponse.Body

    var isSuccess: Bool { (200..<300).contains(status) }
    var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }

    /// The media type without its parameters, in lower case; nil where there is none.
    var mediaType: String? {
        guard let field = headers.first(name: "content-type")?.split(separator: ";").first else { return nil }
        let type = field.lowercased().filter { $0 != " " && $0 != "\t" }
        return type.isEmpty ? nil : type
    }
}

extension Answer {
    /// The whole body, if it has no more than `limit` bytes.
    ///
    /// - Throws: `RegistryError`: too large, broken off, or longer on its way than `deadline`.
    func whole(limit: Int, deadline: Deadline, request: String) async throws -> [UInt8] {
        func tooLarge(_ size: String) -> RegistryError {
            RegistryError(.tooLarge, "\(request) answers with \(size), and \(limit) bytes are read of it at most")
        }
        if let text = headers.first(name: "content-length"), let length = DecimalNumber.read(text.utf8), length > limit
        {
            throw tooLarge("\(length) bytes")
        }
        var bytes: [UInt8] = []
        try await read(request: request) { buffer in
            guard buffer.readableBytes <= limit - bytes.count else { throw tooLarge("more than \(limit) bytes") }
            bytes.append(contentsOf: buffer.readableBytesView)
            try deadline.check(request)
        }
        return bytes
    }

    /// What can be had of a body that only explains something. Its length may be a lie, and it may break off.
    func explanation(limit: Int = ErrorBody.maximumBytes) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        let deadline = Deadline(in: .seconds(10))
        do {
            for try await buffer in body {
                bytes.append(contentsOf: buffer.readableBytesView.prefix(limit - bytes.count))
                if bytes.count >= limit || deadline.left <= .zero { break }
            }
        } catch {
            try Task.checkCancellation()
        }
        return bytes
    }

    /// Gives every piece of the body.
    func read(request: String, _ take: (ByteBuffer) async throws -> Void) async throws {
        var iterator = body.makeAsyncIterator()
        while true {
            let buffer: ByteBuffer?
            do { buffer = try await iterator.next() } catch {
                try Task.checkCancellation()
                throw Transport.fault(error, request: request, isInBody: true)
            }
            guard let buffer else { return }
            try await take(buffer)
        }
    }
}

import Glibc
import HTTPSemantics
import NIOCore
import NIOHTTP1

/// Why what came is no request that could be answered as one: where it ends, or what it is, cannot be told. Its answer is the
/// connection's last.
struct RequestFault {
    private let status: HTTPResponseStatus
    private let sentence: String

    /// The fault that the parser found.
    init(_ error: HTTPParserError) {
        switch error {
        case .headerOverflow:
            status = .requestHeaderFieldsTooLarge
            sentence =
                "target and header fields may have \(FrontendChannel.headerLimit) bytes, and there may be "
                + "\(FrontendChannel.headerCount) fields"
        case .invalidMethod:
            status = .badRequest
            sentence = "the method is none that is known here; GET, HEAD, POST and OPTIONS are"
        case .invalidVersion:
            status = .badRequest
            sentence = "the version is none that is spoken here; HTTP/1.1 and HTTP/1.0 are"
        case .invalidChunkSize:
            status = .badRequest
            sentence = "a chunk of the body does not begin with its length in hexadecimal digits (RFC 9112 section 7.1)"
        case .invalidEOFState:
            status = .badRequest
            sentence = "the request ended before it was whole"
        case .invalidContentLength, .unexpectedContentLength:
            status = .badRequest
            sentence = "a body has either one Content-Length, in digits, or Transfer-Encoding (RFC 9112 section 6.3)"
        case .unknown:
            status = .badRequest
            sentence =
                "this is not HTTP/1.1 as RFC 9112 has it; no request has both Content-Length and Transfer-Encoding"
        default:
            status = .badRequest
            sentence = "this is not HTTP/1.1 as RFC 9112 has it: \(error.debugDescription)"
        }
    }

    /// The fault in how a request says where its body ends; nil if there is none.
    init?(framingOf head: HTTPRequestHead) {
        guard head.headers.contains(name: "Transfer-Encoding") else { return nil }
        if head.isOld {
            // Such a client cannot know what it says (RFC 9112 §6.1).
            status = .badRequest
            sentence = "HTTP/1.0 has no Transfer-Encoding; send Content-Length"
        } else if head.headers[canonicalForm: "Transfer-Encoding"].map({ $0.lowercased() }) != ["chunked"] {
            status = .notImplemented
            sentence = "of the transfer codings only chunked is known here"
        } else {
            return nil
        }
    }

    /// The answer, without its body where the request was one for the head.
    func answer(withoutBody: Bool) -> [HTTPServerResponsePart] {
        let text = ByteBuffer(string: sentence + "\n")
        let headers: HTTPHeaders = [
            "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff",
            "Date": HTTPDate(secondsSinceEpoch: Int64(time(nil))).description, "Connection": "close",
            "Content-Length": "\(text.readableBytes)",
        ]
        let head = HTTPServerResponsePart.head(.init(version: .http1_1, status: status, headers: headers))
        return withoutBody ? [head, .end(nil)] : [head, .body(.byteBuffer(text)), .end(nil)]
    }
}

import Compositions
import Digests
import HTTPSemantics
import HTTPTypes
import Hummingbird
import NIOCore

/// A composition as an HTTP representation: lengths, ranges, conditions, tags.
struct CompositionResponse {
    /// The bytes.
    var composition: Composition
    /// Its media type.
    var contentType: String
    /// The name a browser saves it under, if it should be saved.
    var fileName: String?
    /// When it came to be.
    var modified: HTTPDate

    /// An answer, and which bytes of the composition are its body: nil where none are, or several parts of it.
    typealias Answer = (response: Response, range: Range<UInt64>?)

    /// Answers a GET or HEAD.
    func response(to request: Request, context: FrontendContext) -> Response {
        answer(to: request, context: context).response
    }

    /// Answers a GET or HEAD, and says with which bytes.
    func answer(to request: Request, context: FrontendContext) -> Answer {
        let validators = Validators(entityTag: "\"\(composition.tag.hexadecimal)\"", modified: modified)
        var headers: HTTPFields = [
            .eTag: validators.entityTag, .lastModified: modified.description, .acceptRanges: "bytes",
        ]
        switch validators.evaluate(request.headers) {
        case .notModified:
            return (Response(status: .notModified, headers: headers), nil)
        case .failed:
            return (Response(status: .preconditionFailed, headers: headers), nil)
        case .proceed(let honouringRange):
            headers[.contentType] = contentType
            if let fileName { headers[.contentDisposition] = Self.attachment(named: fileName) }
            let ranges = ByteRanges(
                header: honouringRange && request.method == .get ? request.headers[.range] : nil,
                length: composition.length)
            let response = answer(ranges, headers: headers, context: context)
            if request.method == .head { return (response.createHeadResponse(), nil) }
            return (response, ranges.only(of: composition.length))
        }
    }

    private func answer(_ ranges: ByteRanges, headers: HTTPFields, context: FrontendContext) -> Response {
        var headers = headers
        func body(_ segments: [Segment]) -> CompositionBody {
            CompositionBody(segments: segments, channel: context.channel, logger: context.logger)
        }
        switch ranges {
        case .whole:
            return Response(status: .ok, headers: headers, body: body(composition.segments).body)
        case .unsatisfiable:
            headers[.contentRange] = "bytes */\(composition.length)"
            headers[.contentType] = nil
            headers[.contentDisposition] = nil
            return Response(status: .rangeNotSatisfiable, headers: headers)
        case .parts(let parts) where parts.count == 1:
            headers[.contentRange] = contentRange(parts[0])
            return Response(
                status: .partialContent, headers: headers, body: body(composition.segments(in: parts[0])).body)
        case .parts(let parts):
            // The boundary must not occur in the parts: it is the content's own digest, which they cannot hold by chance.
            let boundary = "slipway-\(composition.tag.hexadecimal)"
            headers[.contentType] = "multipart/byteranges; boundary=\(boundary)"
            var segments: [Segment] = []
            for part in parts {
                let head =
                    "\r\n--\(boundary)\r\nContent-Type: \(contentType)\r\nContent-Range: \(contentRange(part))\r\n\r\n"
                segments.append(.bytes(Array(head.utf8)))
                segments += composition.segments(in: part)
            }
            segments.append(.bytes(Array("\r\n--\(boundary)--\r\n".utf8)))
            return Response(
                status: .partialContent, headers: headers, body: body(segments).body)
        }
    }

    private func contentRange(_ part: Range<UInt64>) -> String {
        "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(composition.length)"
    }

    /// A Content-Disposition that names the file. Quotes and control characters cannot leave the quoted string
    /// (RFC 9110 §5.6.4).
    static func attachment(named name: String) -> String {
        var quoted = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default: quoted += "_"
            }
        }
        return "attachment; filename=\"\(quoted)\""
    }
}

extension ByteRanges {
    /// The bytes that they are, if they are all of a representation or one part of it.
    fileprivate func only(of length: UInt64) -> Range<UInt64>? {
        switch self {
        case .whole: 0..<length
        case .parts(let parts) where parts.count == 1: parts[0]
        case .parts, .unsatisfiable: nil
        }
    }
}

import Foundation

/// The body of an answer: bytes, or a text again and again, which may be more than one wants to hold.
struct CaseBody: Sendable {
    let unit: [UInt8]
    let count: Int

    var length: Int { unit.count * count }

    init(_ bytes: [UInt8], times count: Int = 1) {
        unit = bytes
        self.count = count
    }

    /// The bytes in a range, as far as there are any.
    func bytes(_ range: Range<Int>) -> [UInt8] {
        let range = range.clamped(to: 0..<length)
        guard count > 1 else { return Array(unit[range]) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let start = offset % unit.count
            let end = min(unit.count, start + range.upperBound - offset)
            bytes += unit[start..<end]
            offset += end - start
        }
        return bytes
    }
}

/// A case that cannot be played.
public struct CaseFailure: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

extension RegistryCase.Response {
    /// The body, with the addresses of the servers in it.
    func content(_ fill: (String) -> String) throws -> CaseBody {
        if let repeated {
            guard repeated.count >= 0, !repeated.text.isEmpty else { throw CaseFailure("body_repeat of nothing") }
            return CaseBody(Array(repeated.text.utf8), times: repeated.count)
        }
        if let base64 {
            guard let data = Data(base64Encoded: base64) else { throw CaseFailure("body_base64 is not base64") }
            return CaseBody([UInt8](data))
        }
        if let generate { return CaseBody(try Self.generated(generate)) }
        return CaseBody(Array(fill(body ?? "").utf8))
    }

    /// The bytes of a body that has nothing to fill in; nil where it is generated, or long.
    public func bytes() throws -> [UInt8]? {
        let body = try content { $0 }
        return generate == nil && body.length < 1 << 20 ? body.bytes(0..<body.length) : nil
    }

    /// What a sentence describes.
    private static func generated(_ sentence: String) throws -> [UInt8] {
        let pattern = /index with (?<count>\d+) distinct descriptors of artifactType (?<type>\S+)/
        guard let match = sentence.wholeMatch(of: pattern), let count = Int(match.count) else {
            throw CaseFailure("nobody knows how to generate '\(sentence)'")
        }
        let descriptors = (0..<count).map { number in
            let digits = String(number, radix: 16)
            let digest = "sha256:" + String(repeating: "0", count: 64 - digits.count) + digits
            return
                #"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(digest)","size":616,"artifactType":"\#(match.type)"}"#
        }
        return Array(
            (#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":["#
                + descriptors.joined(separator: ",") + "]}").utf8)
    }
}

import NIOHTTP1

/// What an answer to a request for a blob, or for the rest of one, has in it.
enum BlobAnswer: Hashable {
    /// The blob from its first byte on. `encoding` is what was done to it for the way, if anything is said about that.
    case whole(encoding: String?, length: UInt64?)
    /// The blob from where it was asked for, up to `end`, which is not part of it.
    case rest(end: UInt64)
    /// There is no such part; what is here already cannot be the beginning of this blob.
    case noSuchRange
    /// The answer contradicts itself or what was asked for.
    case contradiction(String)
    /// The status says why not.
    case failure

    /// - Parameters:
    ///   - offset: Where the wanted part begins; at 0 no range was asked for.
    ///   - size: The length of the whole blob.
    init(status: Int, headers: HTTPHeaders, offset: UInt64, size: UInt64) {
        let lengths = headers[canonicalForm: "content-length"].map { DecimalNumber.read($0.utf8) }
        guard lengths.count <= 1, lengths.first != .some(nil) else {
            self = .contradiction("its length is not one number")
            return
        }
        let length = lengths.first ?? nil
        switch status {
        case 200: self = Self.whole(headers, length: length, size: size)
        case 206 where offset > 0: self = Self.part(headers, length: length, offset: offset, size: size)
        case 206: self = .contradiction("it is a part (206), and the whole was asked for")
        case 416 where offset > 0: self = .noSuchRange
        default: self = .failure
        }
    }

    private static func whole(_ headers: HTTPHeaders, length: UInt64?, size: UInt64) -> BlobAnswer {
        let encoding = headers[canonicalForm: "content-encoding"].map { $0.lowercased() }
            .first { !$0.isEmpty && $0 != "identity" }
        if encoding == nil, let length, length != size {
            return .contradiction("it has \(length) bytes, and the blob has \(size)")
        }
        return .whole(encoding: encoding, length: length)
    }

    private static func part(_ headers: HTTPHeaders, length: UInt64?, offset: UInt64, size: UInt64) -> BlobAnswer {
        let fields = headers["content-range"]
        guard fields.count == 1, let field = fields.first, let range = ByteRange.Content(parsing: field) else {
            return .contradiction("it is a part (206) and does not say which")
        }
        guard range.first == offset, range.last < size, range.total.map({ $0 == size }) ?? true else {
            return .contradiction(
                "it has the bytes '\(field.prefix(64))', and those from \(offset) of \(size) are missing")
        }
        let count = range.last - range.first + 1
        if let length, length != count {
            return .contradiction("it has \(length) bytes and says that they are \(count)")
        }
        return .rest(end: range.last + 1)
    }
}

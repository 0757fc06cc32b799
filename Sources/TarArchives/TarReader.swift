import Bytes

/// Reads a tar archive as it comes by, within limits: ustar, GNU long names and base-256 numbers, PAX extended headers.
/// Global PAX headers are passed over. Content is not kept.
public final class TarReader {
    private let limits: TarLimits
    private var state = State.header
    /// The block, or the extended header, that is being collected.
    private var collected: [UInt8] = []
    private var position: UInt64 = 0
    private var entryCount = 0
    private var contentLength: UInt64 = 0
    /// How many bytes the extended headers of the next member have, together.
    private var pendingLength = 0
    private var overrides = Overrides()
    private var failed = false

    private enum State {
        /// Collecting a header block.
        case header
        /// A block of zeros was seen: a second one ends the archive.
        case firstZeroBlock
        /// Collecting the content of an extended header of this type.
        case extended(type: UInt8, remaining: Int, padding: Int)
        /// Passing content on.
        case content(remaining: UInt64, padding: Int)
        /// Passing over the padding after content, or content that has no meaning.
        case skipping(UInt64)
        /// After the end mark; whatever follows is of no interest.
        case finished
    }

    /// What extended headers said about the next member.
    private struct Overrides {
        var path: [UInt8]?
        var linkTarget: [UInt8]?
        var size: UInt64?
        var modificationTime: UInt64?
        var attributes: [String: [UInt8]] = [:]
        /// Whether the values come from PAX records, which outrank GNU's long names.
        var pathIsPAX = false
        var linkIsPAX = false
    }

    /// A reader that accepts archives within `limits`.
    public init(limits: TarLimits = TarLimits()) { self.limits = limits }

    /// Takes the next `input` and tells `handler` what is in it.
    ///
    /// - Throws: `TarError`, or what `handler` throws; the reader is of no use afterwards.
    public func write(_ input: UnsafeRawBufferPointer, _ handler: (TarEvent) throws -> Void) throws {
        guard !failed else { throw TarError.truncated }
        // Cleared at the end unless something is thrown on the way.
        failed = true
        var rest = input
        while !rest.isEmpty {
            if case .finished = state { break }
            let taken = try step(rest, handler)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(taken))
            position &+= UInt64(taken)
        }
        failed = false
    }

    /// Takes the next `input`.
    public func write(_ input: [UInt8], _ handler: (TarEvent) throws -> Void) throws {
        try input.withUnsafeBytes { try write($0, handler) }
    }

    /// Says that no input follows. An archive may lack its end mark, but not the end of a member.
    public func finish() throws(TarError) {
        switch state {
        case .finished, .firstZeroBlock: return
        case .header where collected.isEmpty && overrides.path == nil: return
        default: throw .truncated
        }
    }

    private func step(_ input: UnsafeRawBufferPointer, _ handler: (TarEvent) throws -> Void) throws -> Int {
        switch state {
        case .header, .firstZeroBlock:
            let count = min(TarHeader.blockSize - collected.count, input.count)
            collected.append(contentsOf: input.prefix(count))
            if collected.count == TarHeader.blockSize {
                let block = collected
                collected = []
                try header(block, at: position &+ UInt64(count) &- UInt64(TarHeader.blockSize), handler)
            }
            return count
        case .extended(let type, let remaining, let padding):
            let count = min(remaining, input.count)
            collected.append(contentsOf: input.prefix(count))
            state = .extended(type: type, remaining: remaining - count, padding: padding)
            if remaining == count {
                let bytes = collected
                collected = []
                try extended(type, bytes)
                skip(UInt64(padding))
            }
            return count
        case .content(let remaining, let padding):
            let count = Int(min(remaining, UInt64(input.count)))
            try handler(.data(UnsafeRawBufferPointer(rebasing: input.prefix(count))))
            state = .content(remaining: remaining - UInt64(count), padding: padding)
            if remaining == UInt64(count) {
                try handler(.end)
                skip(UInt64(padding))
            }
            return count
        case .skipping(let remaining):
            let count = Int(min(remaining, UInt64(input.count)))
            skip(remaining - UInt64(count))
            return count
        case .finished:
            return input.count
        }
    }

    private func skip(_ count: UInt64) { state = count == 0 ? .header : .skipping(count) }

    private func header(
        _ block: [UInt8], at start: UInt64, _ handler: (TarEvent) throws -> Void
    ) throws {
        if block.allSatisfy({ $0 == 0 }) {
            if case .firstZeroBlock = state { state = .finished } else { state = .firstZeroBlock }
            return
        }
        let header = try TarHeader(decoding: block[...], position: start)
        let padding = Int(header.size.padding(to: UInt64(TarHeader.blockSize)))
        switch header.typeFlag {
        case UInt8(ascii: "x"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            // A member may have any number of them, and what they say is kept until it comes.
            guard header.size <= limits.extendedHeaderLength - pendingLength else {
                throw TarError.limitExceeded(
                    "bytes in an extended header", limit: UInt64(limits.extendedHeaderLength))
            }
            pendingLength += Int(header.size)
            guard header.size > 0 else { return state = .header }
            state = .extended(type: header.typeFlag, remaining: Int(header.size), padding: padding)
        case UInt8(ascii: "g"):
            guard header.size <= limits.extendedHeaderLength else {
                throw TarError.limitExceeded(
                    "bytes in an extended header", limit: UInt64(limits.extendedHeaderLength))
            }
            skip(header.size + UInt64(padding))
        default:
            try member(header, start, handler)
        }
    }

    private func member(_ header: TarHeader, _ start: UInt64, _ handler: (TarEvent) throws -> Void) throws {
        entryCount += 1
        guard entryCount <= limits.entries else {
            throw TarError.limitExceeded("members", limit: UInt64(limits.entries))
        }
        let path = try text(overrides.path ?? header.name, "path", start)
        let linkTarget = overrides.linkTarget ?? header.linkName
        let kind: TarEntry.Kind
        switch header.typeFlag {
        case 0 where path.utf8.last == UInt8(ascii: "/"): kind = .directory
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): kind = .file
        case UInt8(ascii: "1"): kind = .hardLink(target: try text(linkTarget, "link target", start))
        case UInt8(ascii: "2"): kind = .symbolicLink(target: try text(linkTarget, "link target", start))
        case UInt8(ascii: "5"): kind = .directory
        case UInt8(ascii: "S"): throw TarError.unsupported("a GNU sparse file", path: path)
        default: kind = .other(header.typeFlag)
        }
        // Links, devices, directories and FIFOs have no content, whatever their size field says.
        let hasContent = !(UInt8(ascii: "1")...UInt8(ascii: "6")).contains(header.typeFlag) && kind != .directory
        let size = hasContent ? overrides.size ?? header.size : 0
        guard size <= limits.contentLength - contentLength else {
            throw TarError.limitExceeded("bytes of content", limit: limits.contentLength)
        }
        contentLength += size
        let entry = TarEntry(
            path: path, kind: kind, mode: header.mode, size: size,
            modificationTime: overrides.modificationTime ?? header.modificationTime,
            extendedAttributes: overrides.attributes)
        overrides = Overrides()
        pendingLength = 0
        try handler(.entry(entry))
        if size == 0 {
            try handler(.end)
            state = .header
        } else {
            state = .content(remaining: size, padding: Int(size.padding(to: UInt64(TarHeader.blockSize))))
        }
    }

    private func text(_ bytes: [UInt8], _ field: String, _ start: UInt64) throws(TarError) -> String {
        guard bytes.count <= limits.pathLength else {
            throw .limitExceeded("bytes in a \(field)", limit: UInt64(limits.pathLength))
        }
        guard !bytes.isEmpty, !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalidField(field, position: start)
        }
        return text
    }

    private func extended(_ type: UInt8, _ bytes: [UInt8]) throws(TarError) {
        switch type {
        case UInt8(ascii: "L"):
            if !overrides.pathIsPAX { overrides.path = Array(bytes.prefix { $0 != 0 }) }
        case UInt8(ascii: "K"):
            if !overrides.linkIsPAX { overrides.linkTarget = Array(bytes.prefix { $0 != 0 }) }
        default:
            let header = try ExtendedHeader(decoding: bytes, position: position)
            for (key, value) in header.records { try apply(key, value) }
        }
    }

    private func apply(_ key: String, _ value: ArraySlice<UInt8>) throws(TarError) {
        switch key {
        // An empty value takes an earlier record back.
        case "path":
            overrides.path = value.isEmpty ? nil : Array(value)
            overrides.pathIsPAX = true
        case "linkpath":
            overrides.linkTarget = value.isEmpty ? nil : Array(value)
            overrides.linkIsPAX = true
        case "size":
            if value.isEmpty { return overrides.size = nil }
            guard let size = UInt64(String(decoding: value, as: UTF8.self)) else {
                throw .invalidField("size record", position: position)
            }
            overrides.size = size
        case "mtime":
            overrides.modificationTime = UInt64(
                String(decoding: value.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self))
        default:
            if key.utf8.starts(with: "GNU.sparse.".utf8) {
                throw .unsupported(
                    "a GNU sparse file", path: String(decoding: overrides.path ?? [], as: UTF8.self))
            }
            let attribute = "SCHILY.xattr.".utf8
            if key.utf8.starts(with: attribute) {
                overrides.attributes[String(Substring(key.utf8.dropFirst(attribute.count)))] = Array(value)
            }
        }
    }
}

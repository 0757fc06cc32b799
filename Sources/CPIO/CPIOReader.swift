import Bytes

/// Reads newc cpio archives as they come by, one or several in a stream. Content is not kept.
public final class CPIOReader {
    private let maximumEntries: Int
    private var state = State.header
    private var collected: [UInt8] = []
    private var position: UInt64 = 0
    private var entryCount = 0
    private var failed = false

    private static let headerLength = 110
    /// A path and its zero byte (PATH_MAX).
    private static let maximumNameLength: UInt32 = 4096

    private enum State {
        /// Between archives, where zeros are passed over.
        case between
        /// Collecting a header.
        case header
        /// Collecting a name of this length, its zero byte and padding included.
        case name(Fields, length: Int)
        /// Passing content on.
        case content(remaining: UInt64, padding: UInt64)
        /// Passing padding over.
        case skipping(UInt64)
    }

    private struct Fields {
        var mode: UInt32
        var linkCount: UInt32
        var time: UInt32
        var size: UInt32
        var nameLength: UInt32
    }

    /// A reader that accepts at most `maximumEntries` members.
    public init(maximumEntries: Int = 1_000_000) { self.maximumEntries = maximumEntries }

    /// Takes the next `input` and tells `handler` what is in it.
    ///
    /// - Throws: `CPIOError`, or what `handler` throws; the reader is of no use afterwards.
    public func write(_ input: UnsafeRawBufferPointer, _ handler: (CPIOEvent) throws -> Void) throws {
        guard !failed else { throw CPIOError.truncated }
        failed = true
        var rest = input
        while !rest.isEmpty {
            let taken = try step(rest, handler)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(taken))
            position &+= UInt64(taken)
        }
        failed = false
    }

    /// Takes the next `input`.
    public func write(_ input: [UInt8], _ handler: (CPIOEvent) throws -> Void) throws {
        try input.withUnsafeBytes { try write($0, handler) }
    }

    /// Says that no input follows.
    public func finish() throws(CPIOError) {
        guard case .between = state else { throw .truncated }
    }

    private func step(_ input: UnsafeRawBufferPointer, _ handler: (CPIOEvent) throws -> Void) throws -> Int {
        switch state {
        case .between:
            let zeros = input.prefix { $0 == 0 }.count
            if zeros < input.count { state = .header }
            return zeros
        case .header:
            let count = min(Self.headerLength - collected.count, input.count)
            collected.append(contentsOf: input.prefix(count))
            if collected.count == Self.headerLength {
                let fields = try header(collected, at: position &+ UInt64(count) &- UInt64(Self.headerLength))
                collected = []
                let length = Int(fields.nameLength)
                state = .name(fields, length: length + (Self.headerLength + length).padding(to: 4))
            }
            return count
        case .name(let fields, let length):
            let count = min(length - collected.count, input.count)
            collected.append(contentsOf: input.prefix(count))
            if collected.count == length {
                let name = collected.prefix(Int(fields.nameLength))
                collected = []
                try member(fields, name, handler)
            }
            return count
        case .content(let remaining, let padding):
            let count = Int(min(remaining, UInt64(input.count)))
            try handler(.data(UnsafeRawBufferPointer(rebasing: input.prefix(count))))
            state = .content(remaining: remaining - UInt64(count), padding: padding)
            if remaining == UInt64(count) {
                try handler(.end)
                skip(padding)
            }
            return count
        case .skipping(let remaining):
            let count = Int(min(remaining, UInt64(input.count)))
            skip(remaining - UInt64(count))
            return count
        }
    }

    private func skip(_ count: UInt64) { state = count == 0 ? .header : .skipping(count) }

    private func header(_ bytes: [UInt8], at start: UInt64) throws(CPIOError) -> Fields {
        // 070702 is the same with a checksum of the content.
        guard bytes.starts(with: "070701".utf8) || bytes.starts(with: "070702".utf8) else {
            throw .notAHeader(position: start)
        }
        func field(_ index: Int) throws(CPIOError) -> UInt32 {
            var value: UInt32 = 0
            for byte in bytes[(6 + 8 * index)..<(14 + 8 * index)] {
                guard let digit = byte.hexadecimalDigit else { throw .notAHeader(position: start) }
                value = value << 4 | UInt32(digit)
            }
            return value
        }
        let fields = Fields(
            mode: try field(1), linkCount: try field(4), time: try field(5), size: try field(6),
            nameLength: try field(11))
        guard (2...Self.maximumNameLength).contains(fields.nameLength) else { throw .invalidName(position: start) }
        return fields
    }

    private func member(
        _ fields: Fields, _ name: ArraySlice<UInt8>, _ handler: (CPIOEvent) throws -> Void
    ) throws {
        guard name.last == 0, let path = String(validating: name.dropLast(), as: UTF8.self), !path.utf8.contains(0)
        else { throw CPIOError.invalidName(position: position) }
        let padding = UInt64(fields.size).padding(to: 4)
        if path == "TRAILER!!!" {
            try handler(.trailer)
            // The kernel starts over here, so that another archive may begin.
            state = .between
            return
        }
        entryCount += 1
        guard entryCount <= maximumEntries else { throw CPIOError.tooManyEntries(limit: maximumEntries) }
        try handler(
            .entry(
                CPIOEntry(
                    path: path, mode: fields.mode, size: UInt64(fields.size), modificationTime: fields.time,
                    linkCount: fields.linkCount)))
        if fields.size == 0 {
            try handler(.end)
            state = .header
        } else {
            state = .content(remaining: UInt64(fields.size), padding: padding)
        }
    }
}

import Glibc

/// One question about one thing to the kernel, by rtnetlink(7), and its answer. The kernel answers within the call that asks.
struct NetlinkQuestion {
    /// What is asked for (`RTM_GETROUTE`, `RTM_GETNEIGH`).
    enum Kind: UInt16 {
        case route = 26
        case neighbour = 30
    }

    /// The kernel's answer: the fixed part of its message, and the attributes after it.
    struct Answer {
        /// The fixed part.
        var fixed: [UInt8]
        /// The values of the attributes, by their numbers.
        var attributes: [UInt16: [UInt8]] = [:]

        /// Reads what follows the message header, whose fixed part has `fixedLength` bytes. What does not add up is nil.
        init?(_ body: ArraySlice<UInt8>, fixedLength: Int) {
            guard body.count >= fixedLength else { return nil }
            fixed = Array(body.prefix(fixedLength))
            var rest = body.dropFirst(fixedLength)
            while rest.count >= 4 {
                guard let length = rest.native(UInt16.self, at: 0).map(Int.init),
                    let number = rest.native(UInt16.self, at: 2), length >= 4, length <= rest.count
                else { return nil }
                // The two highest bits say how the value is written.
                attributes[number & 0x3fff] = Array(rest.dropFirst(4).prefix(length - 4))
                rest = rest.dropFirst((length + 3) & ~3)
            }
        }
    }

    private static let headerLength = 16
    private static let sequence: UInt32 = 1

    /// Asks. nil when the kernel knows nothing, refuses, or cannot be asked.
    ///
    /// - Parameters:
    ///   - fixed: The fixed part of the message.
    ///   - attributes: The attributes after it; each value's length is a multiple of four.
    static func ask(_ kind: Kind, _ fixed: [UInt8], _ attributes: [(UInt16, [UInt8])]) -> Answer? {
        var body = fixed
        for (number, value) in attributes {
            body += bytes(of: UInt16(4 + value.count)) + bytes(of: number) + value
        }
        let requestFlag: UInt16 = 1
        let message =
            bytes(of: UInt32(headerLength + body.count)) + bytes(of: kind.rawValue) + bytes(of: requestFlag)
            + bytes(of: sequence) + bytes(of: UInt32(0)) + body

        let descriptor = socket(16, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Connected to the kernel, port 0, the socket takes nobody else's messages.
        var kernel = sockaddr_storage()
        kernel.ss_family = 16
        let connected = withUnsafePointer(to: &kernel) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, 12) }
        }
        guard connected == 0, send(descriptor, message, message.count, 0) == message.count else { return nil }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard count >= headerLength else { return nil }
        let answer = buffer[..<count]
        guard let length = answer.native(UInt32.self, at: 0), length <= UInt32(count), length >= UInt32(headerLength),
            // The answer to a question has the number before the question's; an error has another.
            answer.native(UInt16.self, at: 4) == kind.rawValue - 2, answer.native(UInt32.self, at: 8) == sequence
        else { return nil }
        return Answer(answer.prefix(Int(length)).dropFirst(headerLength), fixedLength: fixed.count)
    }

    /// A number as this machine keeps it, which is how the kernel wants it.
    static func bytes(of number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }
}

extension Collection<UInt8> {
    /// The number at an offset, in this machine's order; nil beyond the end.
    func native<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number? {
        let part = Array(dropFirst(offset).prefix(MemoryLayout<Number>.size))
        guard part.count == MemoryLayout<Number>.size else { return nil }
        return part.withUnsafeBytes { $0.loadUnaligned(as: Number.self) }
    }
}

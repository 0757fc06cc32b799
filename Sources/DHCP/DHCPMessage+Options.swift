import NetworkTypes

extension DHCPMessage {
    /// Option 53, or nil for plain BOOTP.
    public var messageType: MessageType? {
        number(.messageType, size: 1).map { MessageType(rawValue: UInt8(truncatingIfNeeded: $0)) }
    }

    /// Option 60 as text, without the zeros that some ROMs put behind it.
    public var vendorClass: String? { self[.vendorClass].map(Self.text) }

    /// Whether option 60 begins with `prefix`.
    public func hasVendorClass(startingWith prefix: StaticString) -> Bool {
        guard let part = part(.vendorClass) else { return false }
        return prefix.withUTF8Buffer { holds($0, at: part) }
    }

    /// Whether option 60 is `name` and nothing more, but for zeros behind it.
    public func hasVendorClass(_ name: StaticString) -> Bool {
        guard let part = part(.vendorClass) else { return false }
        return name.withUTF8Buffer {
            holds($0, at: part) && !bytes[part.range].dropFirst($0.count).contains { $0 != 0 }
        }
    }

    private func holds(_ text: UnsafeBufferPointer<UInt8>, at part: Part) -> Bool {
        guard Int(part.count) >= text.count else { return false }
        for (index, byte) in text.enumerated() where bytes[Int(part.start) + index] != byte { return false }
        return true
    }

    /// An option of exactly so many bytes, at most four, as a number.
    private func number(_ code: OptionCode, size: Int) -> UInt32? {
        guard let part = part(code), Int(part.count) == size else { return nil }
        var value: UInt32 = 0
        for index in part.range { value = value << 8 | UInt32(bytes[index]) }
        return value
    }

    /// Option 77 as it was sent.
    public var userClass: ArraySlice<UInt8>? { self[.userClass] }

    /// Option 77 as RFC 3004 §4 has it, each class behind its length; nil if the bytes are not of that form.
    public var userClasses: [ArraySlice<UInt8>]? {
        guard var rest = self[.userClass], !rest.isEmpty else { return nil }
        var classes: [ArraySlice<UInt8>] = []
        while let length = rest.first {
            rest = rest.dropFirst()
            guard length > 0, rest.count >= Int(length) else { return nil }
            classes.append(rest.prefix(Int(length)))
            rest = rest.dropFirst(Int(length))
        }
        return classes
    }

    /// Whether option 77 is `name`, bare as iPXE and most ROMs send it, or holds it in the form of RFC 3004.
    public func hasUserClass(_ name: StaticString) -> Bool {
        guard let part = part(.userClass) else { return false }
        return name.withUTF8Buffer { name in
            if Int(part.count) == name.count, holds(name, at: part) { return true }
            return (userClasses ?? []).contains { $0.elementsEqual(name) }
        }
    }

    /// The first of the architectures, which is most often all of them.
    public var firstArchitecture: ClientArchitecture? {
        if let part = part(.clientArchitecture), part.count == 2 {
            return number(.clientArchitecture, size: 2).map {
                ClientArchitecture(rawValue: UInt16(truncatingIfNeeded: $0))
            }
        }
        return clientArchitectures.first
    }

    /// Option 93's list, or what option 60 says behind `Arch:` when 93 is missing or malformed.
    public var clientArchitectures: [ClientArchitecture] {
        if let value = self[.clientArchitecture], !value.isEmpty, value.count.isMultiple(of: 2) {
            return stride(from: value.startIndex, to: value.endIndex, by: 2).map {
                ClientArchitecture(rawValue: UInt16(value[$0]) << 8 | UInt16(value[$0 + 1]))
            }
        }
        guard let text = vendorClass else { return [] }
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let name = parts.firstIndex(where: { $0.elementsEqual("Arch".utf8) }), name + 1 < parts.count,
            let number = UInt16(Substring(parts[name + 1]))
        else {
            return []
        }
        return [ClientArchitecture(rawValue: number)]
    }

    /// The UUID of option 97, when it has the 17 bytes of type 0 (RFC 4578 §2.3).
    public var clientUUID: SystemUUID? {
        guard let value = self[.clientUUID], value.count == 17, value.first == 0 else { return nil }
        return SystemUUID(wireOrder: value.dropFirst())
    }

    /// Option 50.
    public var requestedAddress: IPv4Address? { number(.requestedAddress, size: 4).map(IPv4Address.init(value:)) }

    /// Option 54.
    public var serverIdentifier: IPv4Address? { number(.serverIdentifier, size: 4).map(IPv4Address.init(value:)) }

    /// Option 57: the longest IP datagram, in bytes, that the client takes.
    public var maximumSize: UInt16? {
        number(.maximumMessageSize, size: 2).map { UInt16(truncatingIfNeeded: $0) }
    }

    /// Option 82, to be echoed whole.
    public var relayAgentInformation: ArraySlice<UInt8>? { self[.relayAgentInformation] }

    /// What iPXE says of itself in option 175.
    public var iPXEFeatures: IPXEFeatures? { self[.iPXEEncapsulated].map(IPXEFeatures.init(decoding:)) }

    /// Text up to its first zero; bytes that are not UTF-8 become U+FFFD.
    static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
}

/// iPXE's encapsulated options (175): its version and which features it was built with.
public struct IPXEFeatures: Hashable, Sendable {
    private let encoded: ArraySlice<UInt8>

    /// Sub-options as far as they are whole.
    public init(decoding bytes: ArraySlice<UInt8>) { encoded = bytes }

    /// Sub-options in the order sent.
    public var subOptions: [DHCPOption] {
        var found: [DHCPOption] = []
        forEach { found.append(DHCPOption($0, encoded[$1])) }
        return found
    }

    /// Whether there are none.
    public var isEmpty: Bool {
        var isEmpty = true
        forEach { _, _ in isEmpty = false }
        return isEmpty
    }

    private func forEach(_ body: (OptionCode, Range<Int>) -> Void) {
        var index = encoded.startIndex
        while index < encoded.endIndex, encoded[index] != OptionCode.end.rawValue {
            let code = OptionCode(rawValue: encoded[index])
            index += 1
            if code == .pad { continue }
            guard index < encoded.endIndex, Int(encoded[index]) < encoded.endIndex - index else { return }
            let length = Int(encoded[index])
            body(code, index + 1..<index + 1 + length)
            index += 1 + length
        }
    }

    /// Whether a sub-option is there and not zero.
    public func has(_ feature: UInt8) -> Bool {
        var found = false
        forEach { code, value in
            if code.rawValue == feature, encoded[value].contains(where: { $0 != 0 }) { found = true }
        }
        return found
    }

    /// It fetches http:// URLs (sub-option 0x13).
    public var speaksHTTP: Bool { has(0x13) }
    /// It fetches https:// URLs (sub-option 0x14).
    public var speaksHTTPS: Bool { has(0x14) }
    /// It runs Linux kernels as a PC's BIOS does (sub-option 0x18). EFI builds have no need of it and never say so.
    public var runsBIOSKernels: Bool { has(0x18) }
    /// It is an EFI program (sub-option 0x24).
    public var isEFI: Bool { has(0x24) }
    /// The build's version (sub-option 0xeb), such as "1.0.0".
    public var version: String? {
        subOptions.first { $0.code.rawValue == 0xeb }.map { $0.value.map(String.init).joined(separator: ".") }
    }
}

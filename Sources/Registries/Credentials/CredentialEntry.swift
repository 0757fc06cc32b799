import Foundation
import OCIModel

/// What a file of credentials says of one registry.
struct CredentialEntry: Sendable {
    private let value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    /// Why an entry cannot be understood. It has nothing of the entry's values in it.
    struct Fault: Error, Hashable, Sendable {
        var problem: String
    }

    /// The credential; nil when the entry has none, as entries whose secrets a program keeps.
    func credential() throws(Fault) -> Credential? {
        guard value != .null else { return nil }
        guard case .object = value else { throw Fault(problem: "is not an object") }
        if let token = try text("registrytoken") { return .bearer(token) }
        if let token = try text("identitytoken") { return .identityToken(token) }
        if let encoded = try text("auth") { return try Self.basic(encoded) }
        let (user, password) = (try text("username"), try text("password"))
        if let user, let password { return .basic(user: user, password: password) }
        guard user == nil, password == nil else {
            throw Fault(problem: "has a \(user == nil ? "password" : "user") without the other half; log in again")
        }
        return nil
    }

    /// A member that says something.
    private func text(_ name: String) throws(Fault) -> String? {
        switch value[name] {
        case nil, .null?, .string("")?: return nil
        case .string(let text)?:
            guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) || name == "auth" else {
                throw Fault(problem: "has a control character in '\(name)'; log in again")
            }
            return text
        case _?: throw Fault(problem: "has something else than a text as '\(name)'")
        }
    }

    /// Decodes `auth`: user and password with a colon between them, in base64.
    private static func basic(_ encoded: String) throws(Fault) -> Credential {
        guard var bytes = decode(encoded) else {
            throw Fault(problem: "has an 'auth' that is not base64; log in again, or write it with 'base64 -w0'")
        }
        // Some programs encode a C string with its end.
        while bytes.last == 0 { bytes.removeLast() }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0 else {
            throw Fault(problem: "has an 'auth' that is not the base64 of USER:PASSWORD; log in again")
        }
        guard let user = String(validating: bytes[..<colon], as: UTF8.self),
            let password = String(validating: bytes[(colon + 1)...], as: UTF8.self),
            !bytes.contains(where: { $0 < 0x20 || $0 == 0x7f })
        else { throw Fault(problem: "has an 'auth' with something else than text in it; log in again") }
        return .basic(user: user, password: password)
    }

    /// Base64 as it is found: with either alphabet of RFC 4648, with its padding or without, in lines or not.
    private static func decode(_ text: String) -> [UInt8]? {
        var digits: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): digits.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): digits.append(UInt8(ascii: "/"))
            case 0x20, 0x09, 0x0a, 0x0d: continue
            default: digits.append(byte)
            }
        }
        while digits.last == UInt8(ascii: "=") { digits.removeLast() }
        digits += [UInt8](repeating: UInt8(ascii: "="), count: (4 - digits.count % 4) % 4)
        return Data(base64Encoded: Data(digits)).map { [UInt8]($0) }
    }
}

import Machines
import NetworkTypes

extension MachineIdentity {
    /// Where a machine finds its configuration. The query repeats what it told, because rules may go by it.
    func configurationURL(base: String) -> String {
        var query: [String] = []
        if let uuid { query.append("uuid=\(uuid)") }
        if let serial { query.append("serial=\(serial.percentEncoded)") }
        if let architecture { query.append("arch=\(architecture)") }
        return base + ServicePath.configuration(mac.hyphenated)
            + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }
}

extension String {
    /// With everything but RFC 3986's unreserved characters percent-encoded.
    fileprivate var percentEncoded: String {
        var text = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return text
    }
}

/// The file name of a network boot program, as in "snponly.efi".
enum LoaderName {
    /// What DHCP's `file` field holds beside its end mark (RFC 2131 §2).
    private static let limit = 127

    static let rule = "write the name of a file in a loader folder, as in snponly.efi: no folders, no blanks, ASCII"

    /// Whether a text names a file in a folder and nothing else, in the letters that firmware can ask for.
    static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let isPrintable = bytes.allSatisfy { byte in
            (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "\\")
        }
        let hasParent = zip(bytes, bytes.dropFirst()).contains { $0 == UInt8(ascii: ".") && $1 == UInt8(ascii: ".") }
        return (1...limit).contains(bytes.count) && isPrintable && !hasParent && bytes != [UInt8(ascii: ".")]
    }
}

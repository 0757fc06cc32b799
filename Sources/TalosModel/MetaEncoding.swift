/// META values as text, for the kernel argument `talos.environment=INSTALLER_META_BASE64=…`.
public enum MetaEncoding {
    /// Text longer than this many bytes is compressed where Talos understands that.
    static let compressionThreshold = 256

    /// The values as `0x<key>=<value>` in hexadecimal without leading zeros, joined by `;`, in Base64; compressed with
    /// gzip before that when they are long and the version can read it.
    public static func environmentValue(
        of entries: [MetaEntry], version: TalosVersion, gzip: ([UInt8]) throws -> [UInt8]
    ) rethrows -> String {
        let plain = Array(
            entries.map { Array("0x\(String($0.key, radix: 16))=".utf8) + $0.value }.joined(separator: [
                UInt8(ascii: ";")
            ])
        )
        let compresses = version.supportsCompressedEncodedMeta && plain.count > compressionThreshold
        return base64(compresses ? try gzip(plain) : plain)
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count / 3 + 1) * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for digit in 0..<4 {
                let index = Int(bits >> UInt32(18 - 6 * digit) & 63)
                text.append(digit <= group.count ? alphabet[index] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

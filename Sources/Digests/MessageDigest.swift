import COpenSSL

/// One of libcrypto's hashes in the making; it uses the processor's SHA instructions.
///
/// Whoever has it is the only one who has its context, and may take it to another thread.
struct MessageDigest: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    /// Begins with an algorithm, as `EVP_sha256()`.
    init(_ algorithm: OpaquePointer?) {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
            // libcrypto fails here only for want of memory, after which nothing in this process can go on.
            fatalError("libcrypto has no memory for a digest")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

    /// The digest's bytes.
    consuming func finalize() -> [UInt8] {
        var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        EVP_DigestFinal_ex(context, &result, &length)
        return Array(result.prefix(Int(length)))
    }
}

/// A processor architecture that Talos is released for, by its name in OCI platforms and asset paths.
public enum Architecture: String, Hashable, Sendable, CaseIterable, Codable {
    /// x86-64.
    case amd64
    /// AArch64.
    case arm64
}

extension Architecture: CustomStringConvertible {
    public var description: String { rawValue }
}

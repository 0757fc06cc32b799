import Compositions

/// An asset that is ready to be sent.
public struct Asset: Sendable {
    /// Its bytes.
    public var composition: Composition
    /// Its media type.
    public var contentType: String
    /// The name it is saved under.
    public var fileName: String
    /// When its youngest part came to be, in seconds since 1970.
    public var modified: Int64
}

import Compositions
import TalosModel

/// An asset that is ready to be sent.
public struct Asset: Sendable {
    /// What it is.
    public var path: AssetPath
    /// Its bytes.
    public var composition: Composition
    /// The name that whoever asked saves it under.
    public var fileName: String
    /// When its youngest part came to be, in seconds since 1970.
    public var modified: Int64
}

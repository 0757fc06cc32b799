import Compositions
import TalosModel

/// An asset that is ready to be sent.
public struct Asset: Sendable {
    /// What is sent.
    public enum Body: Hashable, Sendable {
        /// Its bytes; `modified` is when the youngest part of them came to be, in seconds since 1970.
        case composition(Composition, modified: Int64)
        /// A URL at which another server has the same bytes.
        case redirect(to: String)
    }

    /// What it is.
    public var path: AssetPath
    /// What is sent.
    public var body: Body
    /// The name that whoever asked saves it under.
    public var fileName: String

    /// Its bytes, if they are sent from here.
    public var composition: Composition? {
        switch body {
        case .composition(let composition, _): composition
        case .redirect: nil
        }
    }
}

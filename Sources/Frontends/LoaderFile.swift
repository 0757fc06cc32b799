import Compositions

/// A network boot program as HTTP serves it.
public struct LoaderFile: Sendable {
    /// Its bytes.
    public var content: Composition
    /// When it was last changed, in seconds since 1970.
    public var modified: Int64

    /// A program.
    public init(content: Composition, modified: Int64) {
        self.content = content
        self.modified = modified
    }
}

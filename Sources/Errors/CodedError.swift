/// An error as this program's modules throw them: what kind it is, for decisions; what happened, for people; and what lies beneath.
public protocol CodedError: Error, CustomStringConvertible {
    /// The kinds of errors that a module has.
    associatedtype Code: Hashable, Sendable

    /// What kind of failure it is.
    var code: Code { get }
    /// What happened, to what, and what to do.
    var message: String { get }
    /// The error that led to this one, as it was thrown; nil where nothing else had thrown one.
    var cause: (any Error)? { get }
}

extension CodedError {
    /// The message.
    public var description: String { message }
}

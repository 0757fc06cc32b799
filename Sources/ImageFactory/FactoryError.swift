import Errors

/// Why the factory cannot give what was asked for.
public struct FactoryError: CodedError, Sendable {
    /// The kinds of refusal; frontends turn them into statuses.
    public struct Code: Hashable, Sendable {
        private let name: String

        /// No schematic has this ID.
        public static let schematicNotFound = Code(name: "schematicNotFound")
        /// A schematic of this ID was posted, but what it says has not been kept in a form that can be read. Posting it again
        /// mends that.
        public static let schematicLost = Code(name: "schematicLost")
        /// The version is not in the store, or its release lacks what is needed.
        public static let versionNotFound = Code(name: "versionNotFound")
        /// What was sent is not a schematic.
        public static let invalidSchematic = Code(name: "invalidSchematic")
        /// The request itself is wrong: a path, a version, a combination that does not exist.
        public static let invalidRequest = Code(name: "invalidRequest")
        /// This build of the factory does not make such assets.
        public static let notSupported = Code(name: "notSupported")
        /// Too much is being built already.
        public static let busy = Code(name: "busy")
        /// The build failed; the message says why.
        public static let buildFailed = Code(name: "buildFailed")
        /// The store cannot read or write.
        public static let storage = Code(name: "storage")
    }

    /// What kind of refusal it is.
    public var code: Code
    /// A sentence for whoever asked.
    public var message: String
    /// What lies beneath, for the log.
    public var cause: (any Error)?

    /// A refusal.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { cause.map { "\(message): \($0)" } ?? message }
}

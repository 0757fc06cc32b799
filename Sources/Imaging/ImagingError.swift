import CPIO
import Compositions
import Errors
import SquashFS
import Stores

/// Why an image cannot be made; the message names the thing and the remedy.
public struct ImagingError: CodedError, Hashable, Sendable {
    /// What kind of failure it is, for decisions.
    public enum Code: Hashable, Sendable {
        /// The schematic names an official extension that the release does not have.
        case extensionNotAvailable
        /// The schematic embeds a machine configuration, and the version cannot take one.
        case embeddedConfigurationNotSupported
        /// The schematic names an overlay, and the version knows none.
        case overlayNotSupported
        /// The schematic names an overlay that the release does not have.
        case overlayNotAvailable
        /// The release's catalog has been imported and cannot be read.
        case catalogUnreadable
        /// The extension has not been imported, or not for this architecture.
        case extensionNotImported
        /// The extension says that it does not work with this version.
        case incompatibleExtension
        /// The extension's image is not what an extension has to be, or tries what none should.
        case invalidExtension
        /// More content than a limit allows.
        case limitExceeded
        /// The release's own initramfs cannot be read.
        case invalidBase
        /// A program that is needed is not installed.
        case missingProgram
        /// A program failed.
        case programFailed
        /// A program took longer than it may.
        case programTimedOut
        /// The schematic has more extensions than a machine can mount.
        case tooManyExtensions
        /// Talos has no platform of this name.
        case unknownPlatform
        /// Assets of this kind are not made.
        case kindNotSupported
        /// The caller asked to stop.
        case cancelled
        /// A temporary file could not be written or read.
        case temporaryFile
        /// The store failed.
        case store(StoreError.Code)
        /// Something that cannot be, by all that is known.
        case unexpected
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?

    /// A failure.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    // The same where they say the same; what lies beneath need not be comparable.
    public static func == (left: ImagingError, right: ImagingError) -> Bool {
        left.code == right.code && left.message == right.message
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(message)
    }

    /// Whatever was thrown while `subject` was worked on, in this module's terms.
    init(_ error: any Error, while subject: String) {
        switch error {
        case let error as ImagingError: self = error
        case let error as StoreError:
            let code = error.code == .tooLarge ? Code.limitExceeded : .store(error.code)
            self.init(code, "\(subject): \(error)", cause: error)
        case let error as SegmentError: self.init(.store(.corrupt), "\(subject): \(error)", cause: error)
        case is CancellationError: self.init(.cancelled, "the build was cancelled", cause: error)
        // What an image can bring about: a file too large for the format, a name it cannot hold.
        case let error as SquashFSError: self.init(.invalidExtension, "\(subject): \(error)", cause: error)
        case let error as CPIOError: self.init(.invalidExtension, "\(subject): \(error)", cause: error)
        default: self.init(.unexpected, "\(subject): \(error)", cause: error)
        }
    }
}

/// Tells whether the caller has lost interest; asked often.
public typealias CancellationCheck = @Sendable () -> Bool

extension ImagingError {
    static func check(_ isCancelled: CancellationCheck) throws(ImagingError) {
        if isCancelled() { throw ImagingError(.cancelled, "the build was cancelled") }
    }
}

/// Runs `body` and gives what it throws in this module's terms.
func explaining<Result>(_ subject: String, _ body: () throws -> Result) throws(ImagingError) -> Result {
    do { return try body() } catch { throw ImagingError(error, while: subject) }
}

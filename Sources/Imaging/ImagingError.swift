import CPIO
import Compositions
import SquashFS
import Stores

/// Why an image cannot be made; the message names the thing and the remedy.
public struct ImagingError: Error, Hashable, Sendable, CustomStringConvertible {
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

    /// What kind of failure it is.
    public var code: Code
    /// What happened, to what, and what to do.
    public var message: String

    /// A failure.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// Whatever was thrown while `subject` was worked on, in this module's terms.
    init(_ error: any Error, while subject: String) {
        switch error {
        case let error as ImagingError: self = error
        case let error as StoreError:
            self.init(error.code == .tooLarge ? .limitExceeded : .store(error.code), "\(subject): \(error)")
        case let error as SegmentError: self.init(.store(.corrupt), "\(subject): \(error)")
        case is CancellationError: self.init(.cancelled, "the build was cancelled")
        // What an image can bring about: a file too large for the format, a name it cannot hold.
        case let error as SquashFSError: self.init(.invalidExtension, "\(subject): \(error)")
        case let error as CPIOError: self.init(.invalidExtension, "\(subject): \(error)")
        default: self.init(.unexpected, "\(subject): \(error)")
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

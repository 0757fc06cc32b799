import Compression
import Errors
import OCIModel
import Registries
import Stores
import TarArchives
import Trust

/// Why a release, or an image of one, can't be imported or used; the message names the thing and the remedy.
public struct ReleaseError: CodedError, Hashable, Sendable {
    /// What kind of failure it is, for decisions.
    public enum Code: Hashable, Sendable {
        /// There is no OCI layout at this path.
        case notALayout
        /// The layout lists no image at all.
        case noImages
        /// A blob is missing, or is not what the document that names it says.
        case blob
        /// An index, manifest or configuration can't be read.
        case document
        /// A layer or archive can't be unpacked, or does not hold what the configuration says.
        case layer
        /// A name in an archive is absolute or climbs out with `..`.
        case unsafePath
        /// More of something than any honest layout has.
        case limit
        /// It is not one of the images a release consists of.
        case unknownKind
        /// It does not say which Talos version it belongs to.
        case unknownVersion
        /// It lacks what its kind must have.
        case incomplete
        /// The trust policy refuses it.
        case refused
        /// It has not been imported.
        case notImported
        /// A name stands for several.
        case ambiguous
        /// It cannot be had from a registry.
        case registry
        /// Too much is being read already.
        case busy
        /// The caller asked to stop.
        case cancelled
        /// The store failed.
        case store(StoreError.Code)
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
    public static func == (left: ReleaseError, right: ReleaseError) -> Bool {
        left.code == right.code && left.message == right.message
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(message)
    }

    /// What to hand over where there is no layout.
    static let layoutRemedy =
        "give a folder or tar archive as 'skopeo copy --all … oci:FOLDER' or 'oci-archive:FILE' writes them"

    init(_ error: StoreError) { self.init(.store(error.code), error.message, cause: error) }

    /// Whatever was thrown while `subject` was read, in this module's terms.
    init(_ error: any Error, reading subject: String) {
        switch error {
        case let error as ReleaseError: self = error
        case let error as StoreError where error.code == .tooLarge:
            self.init(.limit, "\(subject): \(error)", cause: error)
        case let error as StoreError: self.init(error)
        case let error as OCIModelError: self.init(.document, "\(subject): \(error)", cause: error)
        case TarError.limitExceeded(let what, let limit):
            self.init(.limit, "\(subject): the tar archive has more than \(limit) \(what)", cause: error)
        case let error as TarError: self.init(.layer, "\(subject): \(error)", cause: error)
        case CompressionError.outputLimitExceeded(let format, let limit):
            self.init(.limit, "\(subject): the \(format) data unpacks to more than \(limit) bytes", cause: error)
        case let error as CompressionError: self.init(.layer, "\(subject): \(error)", cause: error)
        case let error as RegistryError: self.init(.registry, error.message, cause: error)
        case let error as TrustRefusal: self.init(.refused, "\(subject): \(error)", cause: error)
        default: self.init(.layer, "\(subject): \(error)", cause: error)
        }
    }

    /// Whether the next image would meet the same failure: where nothing can be written, or nobody waits for it.
    var endsImport: Bool {
        switch code {
        case .store(.diskFull), .store(.permissionDenied), .store(.readOnly), .cancelled: true
        default: false
        }
    }
}

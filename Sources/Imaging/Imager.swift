import Foundation
import Stores

/// Makes boot images out of releases and extensions.
///
/// An initramfs is a composition: the release's own file as it is, a member for each extension, and a few KiB made for the
/// schematic. What does not depend on the schematic is built once and kept in the store. Everything blocks; call it off
/// the cooperative thread pool, and keep callers from building the same ``Part`` twice at a time (doing so anyway is wasteful
/// but harmless).
public struct Imager: Sendable {
    let store: EmbeddedStore
    private let givenDirectory: String?
    let externalURL: String
    let limits: ExtractionLimits
    let share: ProcessorShare

    /// An imager.
    ///
    /// - Parameters:
    ///   - temporaryDirectory: a folder with room for the largest extension, unpacked. The default is the store's own.
    ///   - externalURL: where machines reach this factory; images carry it.
    ///   - limits: how much of an extension's image is taken in.
    ///   - processors: how many threads compress at a time, in all builds together. The default is all processors.
    public init(
        store: EmbeddedStore, temporaryDirectory: String? = nil, externalURL: String,
        limits: ExtractionLimits = ExtractionLimits(),
        processors: Int = ProcessInfo.processInfo.activeProcessorCount
    ) {
        self.store = store
        givenDirectory = temporaryDirectory
        self.externalURL = externalURL
        self.limits = limits
        share = ProcessorShare(processors)
    }

    /// Where things are taken apart. Programs run in folders of their own, from where a relative path would lead elsewhere.
    var temporaryDirectory: String {
        get throws(ImagingError) {
            let path: String
            if let givenDirectory {
                path = givenDirectory
            } else {
                do { path = try store.workFolder() } catch { throw ImagingError(error, while: "making a work folder") }
            }
            return path.utf8.first == UInt8(ascii: "/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        }
    }
}

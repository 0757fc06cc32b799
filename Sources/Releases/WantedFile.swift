import Stores
import TalosModel

/// A file of a release's images that is kept.
enum WantedFile: Hashable {
    /// A file that boots, or helps booting.
    case bootFile(Architecture, BootFileName)
    /// A list of a catalog.
    case list(String)

    /// Every such file and its path in the image.
    static let all: [(file: WantedFile, path: [UInt8])] =
        Architecture.allCases.flatMap { architecture in
            BootFileName.allCases.map { name in
                (.bootFile(architecture, name), Array("usr/install/\(architecture)/\(name.rawValue)".utf8))
            }
        } + FlattenedImage.listNames.map { (.list($0), Array($0.utf8)) }
}

/// The content of a wanted file, in a form that fits it.
enum KeptContent {
    case blob(StagedBlob)
    case text([UInt8])
}

/// Takes the bytes of one wanted file, within its limit.
final class KeptContentWriter {
    private let file: WantedFile
    private let store: EmbeddedStore
    private let limits: ImportLimits
    private var blob: BlobWriter?
    private var text: [UInt8] = []

    init(_ file: WantedFile, _ store: EmbeddedStore, _ limits: ImportLimits) throws {
        self.file = file
        self.store = store
        self.limits = limits
        if case .bootFile = file { blob = try store.writer(limit: limits.bootFileBytes) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if let blob { return try blob.write(bytes) }
        guard text.count + bytes.count <= limits.catalogBytes else {
            guard case .list(let name) = file else { return }
            throw ReleaseError(.limit, "'\(name)' is longer than the \(limits.catalogBytes) bytes allowed")
        }
        text.append(contentsOf: bytes)
    }

    func finish() throws -> KeptContent {
        if let blob { return .blob(try store.finish(blob)) }
        return .text(text)
    }
}

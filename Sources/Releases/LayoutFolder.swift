import Compositions
import Digests
import Files
import OCIModel
import Stores
import SystemPackage

/// A layout in a folder. Only its own regular files are read: a link in it, which could lead anywhere, is an error.
final class LayoutFolder: LayoutSource {
    private let path: String
    private let store: EmbeddedStore
    private let progress: ProgressMeter
    private let root: LayoutFile
    let byteCount: UInt64

    init(path: String, store: EmbeddedStore, progress: ProgressMeter) throws {
        self.path = path
        self.store = store
        self.progress = progress
        root = try LayoutFile(path, .directory)
        // Once to copy and check, once to unpack.
        byteCount = root.totalLength(in: ["blobs", "sha256"]).multipliedReportingOverflow(by: 2).partialValue
    }

    /// Whether the operator named a folder, links on the way to it followed.
    static func isFolder(_ path: String) -> Bool {
        StoreOwner.asRoot { try? FileIdentity(at: path, followingLinks: true) }?.type == .directory
    }

    func rootFile(_ name: String) throws -> [UInt8]? {
        guard let file = try open([name]) else { return nil }
        guard let bytes = try file.bytes(upTo: maximumDocumentLength) else {
            throw ReleaseError(.limit, "\(path)/\(name) is longer than the \(maximumDocumentLength) bytes allowed")
        }
        return bytes
    }

    func holds(_ descriptor: Descriptor) -> Bool {
        // What cannot be seen is there: whoever reads it is told why he cannot.
        do { return try open(["blobs", "sha256", descriptor.digest.hexadecimal]) != nil } catch { return true }
    }

    func stage(_ descriptor: Descriptor) throws -> StagedBlob {
        guard let file = try open(["blobs", "sha256", descriptor.digest.hexadecimal]) else { throw missing(descriptor) }
        guard file.length == descriptor.size else { throw wrongLength(descriptor, file.length) }
        let staged = try store.stage(expecting: nil, limit: descriptor.size) { writer in
            try file.readAll { chunk in
                try writer.write(chunk)
                try progress.add(chunk.count)
            }
        }
        guard staged.file.length == descriptor.size else { throw wrongLength(descriptor, staged.file.length) }
        guard staged.file.digest == descriptor.digest else { throw wrongContent(descriptor, staged.file.digest) }
        return staged
    }

    private func open(_ names: [String]) throws(ReleaseError) -> LayoutFile? {
        guard let file = try LayoutFile(names, in: root) else { return nil }
        guard file.isRegular else { throw ReleaseError(.blob, "\(file.shown) is not a regular file") }
        return file
    }
}

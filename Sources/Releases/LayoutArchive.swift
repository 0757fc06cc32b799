import Compositions
import Compression
import Digests
import OCIModel
import Stores
import SystemPackage
import TarArchives

/// A layout in a tar archive, perhaps compressed. Its blobs come in any order, so all of them are staged, hashed on the
/// way, before the first is asked for.
final class LayoutArchive: LayoutSource {
    let byteCount: UInt64
    private var rootFiles: [String: [UInt8]] = [:]
    private var blobs: [Digest: StagedBlob] = [:]

    init(
        path: String, store: EmbeddedStore, limits: ImportLimits, progress: ProgressMeter
    ) throws {
        let file = try LayoutFile(path, .nonBlocking)
        guard file.isRegular else {
            throw ReleaseError(.notALayout, "\(path) is neither a folder nor a file")
        }
        byteCount = file.length.multipliedReportingOverflow(by: 2).partialValue
        progress.start(total: byteCount)
        // All of it goes to the disk, so what a small archive may unpack to depends on its length.
        let (scaled, overflow) = file.length.multipliedReportingOverflow(by: limits.unpackedRatio)
        let (sum, overflowed) = scaled.addingReportingOverflow(limits.archiveBase)
        let bytes = overflow || overflowed ? limits.layoutBytes : min(limits.layoutBytes, sum)
        var tarLimits = TarLimits()
        tarLimits.contentLength = bytes
        tarLimits.entries = limits.layoutEntries
        let unpacker = TarStream(limits: tarLimits, outputLimit: bytes)
        var member: Member?
        do {
            try unpacker.read({ try file.readAll($0) }, progress: progress) { event in
                switch event {
                case .entry(let entry): member = try begin(entry, store, path)
                case .data(let bytes):
                    switch member {
                    case .root(let name):
                        guard rootFiles[name, default: []].count + bytes.count <= maximumDocumentLength else {
                            throw ReleaseError(
                                .limit, "\(name) is longer than the \(maximumDocumentLength) bytes allowed")
                        }
                        rootFiles[name, default: []].append(contentsOf: bytes)
                    case .blob(_, let writer): try writer.write(bytes)
                    case nil: break
                    }
                case .end:
                    // What hashes to something else than its name says is kept under that name, and found out on use.
                    if case .blob(let name, let writer) = member { blobs[name] = try store.finish(writer) }
                    member = nil
                }
            }
        } catch let error as TarError {
            throw ReleaseError(
                .notALayout,
                "\(path) is not an OCI layout in a whole tar archive: \(error); \(ReleaseError.layoutRemedy)")
        }
    }

    private enum Member {
        case root(String)
        case blob(Digest, BlobWriter)
    }

    private func begin(_ entry: TarEntry, _ store: EmbeddedStore, _ archive: String) throws -> Member? {
        let place = try safePath(entry.path, in: archive)
        guard !place.isAbsolute else {
            throw ReleaseError(
                .unsafePath,
                "\(archive) holds '\(entry.path.prefix(256))', which is an absolute path; it was not made as a layout")
        }
        let path = String(decoding: place.normalized, as: UTF8.self)
        let isBlob = place.names.count == 3 && path.utf8.starts(with: "blobs/sha256/".utf8)
        let blobName = isBlob ? Digest(hexadecimal: path.dropFirst("blobs/sha256/".count)) : nil
        guard blobName != nil || path == "index.json" || path == "oci-layout" else { return nil }
        guard entry.kind == .file else {
            throw ReleaseError(.blob, "'\(path)' in \(archive) is not a regular file")
        }
        if let blobName {
            guard blobs[blobName] == nil else { return nil }
            return .blob(blobName, try store.writer(limit: entry.size))
        }
        guard rootFiles[path] == nil else { throw ReleaseError(.notALayout, "\(archive) holds '\(path)' twice") }
        rootFiles[path] = []
        return .root(path)
    }

    func rootFile(_ name: String) -> [UInt8]? { rootFiles[name] }

    func holds(_ descriptor: Descriptor) -> Bool { blobs[descriptor.digest] != nil }

    func stage(_ descriptor: Descriptor) throws -> StagedBlob {
        guard let blob = blobs[descriptor.digest] else { throw missing(descriptor) }
        guard blob.file.length == descriptor.size else { throw wrongLength(descriptor, blob.file.length) }
        guard blob.file.digest == descriptor.digest else { throw wrongContent(descriptor, blob.file.digest) }
        return blob
    }
}

/// The place that a member's path names, without a leading `./` and a closing `/`; empty for the root.
///
/// - Throws: `ReleaseError` with code `unsafePath` for a path that climbs out.
func safePath(_ path: String, in archive: String) throws(ReleaseError) -> EntryPath {
    let place = EntryPath(path)
    guard !place.climbs else {
        throw ReleaseError(
            .unsafePath, "\(archive) holds '\(path.prefix(256))', which climbs out with '..'; it was not made honestly")
    }
    return place
}

/// Unpacks a tar stream, after undoing gzip, zstd or xz where its first bytes say so.
struct TarStream {
    let limits: TarLimits
    let outputLimit: UInt64
    /// Sees every byte of the archive after it has been decompressed.
    var observe: (UnsafeRawBufferPointer) throws -> Void = { _ in }

    init(limits: TarLimits, outputLimit: UInt64) {
        self.limits = limits
        self.outputLimit = outputLimit
    }

    /// Reads the archive that `source` pushes.
    func read(
        _ source: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void, progress: ProgressMeter,
        _ handler: (TarEvent) throws -> Void
    ) throws {
        try withoutActuallyEscaping(handler) { handler in
            try read(source, progress: progress, escaping: handler)
        }
    }

    private func read(
        _ source: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void, progress: ProgressMeter,
        escaping handler: @escaping (TarEvent) throws -> Void
    ) throws {
        let reader = TarReader(limits: limits)
        var decompressor: Decompressor?
        var isFirst = true
        var plainCount: UInt64 = 0
        func unpacked(_ bytes: UnsafeRawBufferPointer) throws {
            try observe(bytes)
            try reader.write(bytes, handler)
        }
        try source { chunk in
            if isFirst {
                isFirst = false
                if let format = CompressionFormat(sniffing: chunk) {
                    decompressor = try Decompressor(format, outputLimit: outputLimit)
                }
            }
            if let decompressor {
                try decompressor.write(chunk, to: unpacked)
            } else {
                plainCount &+= UInt64(chunk.count)
                guard plainCount <= outputLimit else {
                    throw ReleaseError(.limit, "the archive is longer than the \(outputLimit) bytes allowed")
                }
                try unpacked(chunk)
            }
            try progress.add(chunk.count)
        }
        try decompressor?.finish(to: unpacked)
        try reader.finish()
    }
}

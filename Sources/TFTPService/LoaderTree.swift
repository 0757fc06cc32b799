import Compositions
import NetworkTypes
import TFTP
import Workers

/// The tree of a network boot server: what the server itself names, then folders of files, then what it makes up.
public struct LoaderTree: TFTPTree {
    /// A file that the server names.
    public enum Entry: Sendable {
        /// A file of the system. Symbolic links are followed.
        case file(path: String)
        /// Something composed.
        case composition(Composition)
    }

    /// Makes the bytes of a file that is in no folder, for a client that asked this address of ours.
    public typealias Fallback = @Sendable (_ name: TFTPFileName, _ server: IPv4Address) -> [UInt8]?

    private let entries: [String: Entry]
    private let folders: [ServedFolder]
    private let files: OpenFiles
    private let fallback: Fallback
    /// Opening may wait for a disk.
    private let disk = BlockingWork(width: 8, capacity: 1024) { _ in TFTPContentError.busy }

    /// A tree of `entries`, by their path in the tree; below them `folders`, of which the first that has a file counts; and
    /// below these what `fallback` makes. Names are looked up as they are, then without regard to case.
    public init(
        entries: [String: Entry] = [:], folders: [ServedFolder], files: OpenFiles = OpenFiles(),
        fallback: @escaping Fallback = { _, _ in nil }
    ) {
        var table: [String: Entry] = [:]
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            if table[name.lowercased()] == nil { table[name.lowercased()] = entry }
        }
        // The exact spelling goes last, so that it wins over another entry's lower case.
        table.merge(entries) { $1 }
        self.entries = table
        self.folders = folders
        self.files = files
        self.fallback = fallback
    }

    /// A tree with one folder, or none.
    public init(entries: [String: Entry] = [:], folder: String? = nil, files: OpenFiles = OpenFiles()) {
        self.init(entries: entries, folders: folder.map { [ServedFolder(path: $0)] } ?? [], files: files)
    }

    public func open(_ name: TFTPFileName, client: SocketEndpoint, server: IPv4Address) async throws -> TFTPContent? {
        try await BlockingWork.$client.withValue(BlockingWork.Client(UInt64(client.address.value))) {
            try await disk.run { try openNow(name, server) }
        }
    }

    private func openNow(_ name: TFTPFileName, _ server: IPv4Address) throws(TFTPContentError) -> TFTPContent? {
        switch entries[name.path] ?? entries[name.path.lowercased()] {
        case .file(let path): return TFTPContent(try files.open(path: path))
        case .composition(let composition): return try TFTPContent(composition, files: files)
        case nil: break
        }
        if let file = try folders.open(name, files: files) { return TFTPContent(file) }
        return fallback(name, server).map { TFTPContent($0) }
    }
}

extension [ServedFolder] {
    /// The file `name` out of the first folder that has it, as it is spelt or else in any case. A folder that cannot be read
    /// does not hide the others' files.
    public func open(_ name: TFTPFileName, files: OpenFiles) throws(TFTPContentError) -> OpenFile? {
        var failure: TFTPContentError?
        for inAnyCase in [false, true] {
            for folder in self {
                do throws(TFTPContentError) {
                    let file =
                        inAnyCase
                        ? try folder.openInAnyCase(name, files: files) : try folder.open(name, files: files)
                    if let file { return file }
                } catch {
                    failure = failure ?? error
                }
            }
        }
        if let failure { throw failure }
        return nil
    }
}

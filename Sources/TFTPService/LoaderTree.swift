import Compositions
import Dispatch
import NetworkTypes
import TFTP

/// The tree of a network boot server: the loaders that the server itself names, then a folder of the operator's files.
public struct LoaderTree: TFTPTree {
    /// A file that the server names.
    public enum Entry: Sendable {
        /// A file of the system, such as a loader of a distribution's package. Symbolic links are followed.
        case file(path: String)
        /// Something composed.
        case composition(Composition)
    }

    private let entries: [String: Entry]
    private let folder: ServedFolder?
    private let files: OpenFiles

    /// A tree of `entries`, by their path in the tree, and below them the folder at `folder`, which may come and go. Names
    /// are looked up as they are, then without regard to case; an entry comes before a file of the folder.
    public init(entries: [String: Entry] = [:], folder: String? = nil, files: OpenFiles = OpenFiles()) {
        var table: [String: Entry] = [:]
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            if table[name.lowercased()] == nil { table[name.lowercased()] = entry }
        }
        // The exact spelling goes last, so that it wins over another entry's lower case.
        table.merge(entries) { $1 }
        self.entries = table
        self.folder = folder.map { ServedFolder(path: $0) }
        self.files = files
    }

    public func open(_ name: TFTPFileName, client: SocketEndpoint) async throws -> TFTPContent? {
        // Opening may wait for a disk, which must not hold a thread of the cooperative pool.
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try openNow(name) }) }
        }
    }

    private func openNow(_ name: TFTPFileName) throws(TFTPContentError) -> TFTPContent? {
        switch entries[name.path] ?? entries[name.path.lowercased()] {
        case .file(let path): return TFTPContent(try files.open(path: path))
        case .composition(let composition): return try TFTPContent(composition, files: files)
        case nil:
            guard let folder, let file = try folder.open(name, files: files) else { return nil }
            return TFTPContent(file)
        }
    }
}

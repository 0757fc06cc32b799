import Compositions
import Digests
import Files
import Frontends
import ImageFactory
import Netboot
import NetworkTypes
import Settings
import Synchronization
import TFTP
import TFTPService
import Workers

/// The network boot programs that this host has, iPXE first of all, and the operator's other files for machines: one list of
/// folders for what DHCP offers and what TFTP and HTTP serve.
///
/// Files come out of the folders at the moment they are asked for, whatever their size, and may come and go at any time. What
/// DHCP asks is answered from memory, which is at most a second old.
public final class Loaders: Sendable {
    /// The folders in the order in which they are searched: those that the operator named for loaders, his own tree, and the
    /// distribution's.
    let folders: [ServedFolder]
    private let files = OpenFiles()
    private let known = Mutex<Set<String>>([])
    private let digests = Mutex<[(file: FileIdentity, digest: Digest)]>([])
    // One at a time: a large file is read whole once, however many ask for it first.
    private let disk = BlockingWork(width: 1, capacity: 1024) { _ in
        FactoryError(.busy, "too many loaders are asked for at once; try again in a moment")
    }

    /// Folders of the distribution that hold more than loaders.
    private static let shared: Set<String> = ["/usr/lib/ipxe", "/boot"]

    /// The loaders of these settings. This reads the folders.
    ///
    /// - Parameter usual: Where loaders are looked for in any case.
    public init(_ settings: ApplianceSettings, usual: [String] = ApplianceSettings.usualLoaderFolders) {
        var folders = settings.chosenLoaderFolders.filter { !usual.contains($0) }.map {
            ServedFolder(path: $0, content: .files)
        }
        folders.append(ServedFolder(path: settings.tftpRoot, content: .tree))
        // Those of them that were chosen come first.
        folders += (settings.chosenLoaderFolders + usual).filter(usual.contains).map {
            ServedFolder(path: $0, content: Self.shared.contains($0) ? .programs : .files)
        }
        self.folders = folders
        refresh()
    }

    /// Where they are looked for.
    public var places: [String] { folders.map(\.path) }

    /// The names of what is there; never waits.
    public var names: Set<String> { known.withLock { $0 } }

    /// Whether a file of this name is there; never waits.
    public func isServed(_ name: String) -> Bool { known.withLock { $0.contains(name) } }

    /// Looks which files there are. This reads folders, those that have changed.
    func refresh() {
        for folder in folders { folder.refresh() }
        let names = folders.reduce(into: Set<String>()) { $0.formUnion($1.names) }
        known.withLock { if $0 != names { $0 = names } }
    }

    /// Looks again every second, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            try? await disk.run { self.refresh() }
        }
    }

    /// What TFTP serves.
    ///
    /// - Parameter script: The script of `autoexec.ipxe` for machines that asked this address of ours. It stands beside every
    ///   loader, unless the operator has one of his own.
    func tree(script: @escaping @Sendable (IPv4Address) -> [UInt8]?) -> LoaderTree {
        LoaderTree(folders: folders, files: files) { name, server in
            name.components.last?.lowercased() == "autoexec.ipxe" ? script(server) : nil
        }
    }

    /// What HTTP serves under a name without slashes; nil if there is no such file.
    func file(named text: String) async throws -> LoaderFile? {
        guard let name = try? TFTPFileName(normalizing: text.utf8), name.components.count == 1,
            name.path.utf8.elementsEqual(text.utf8)
        else { return nil }
        return try await disk.run { try self.read(name) }
    }

    private func read(_ name: TFTPFileName) throws -> LoaderFile? {
        guard let file = try folders.open(name, files: files) else { return nil }
        let stored = StoredFile(path: try file.path(), length: file.length, digest: try digest(of: file))
        return LoaderFile(content: Composition([.file(stored)]), modified: Int64(file.identity.modified.seconds))
    }

    private func digest(of file: OpenFile) throws -> Digest {
        if let known = digests.withLock({ $0.first { $0.file == file.identity }?.digest }) { return known }
        var hasher = SHA256Hasher()
        try file.forEachPiece { hasher.update($0) }
        let digest = hasher.finalize()
        digests.withLock { digests in
            digests.append((file.identity, digest))
            // There are a handful; beyond this the oldest is read again.
            if digests.count > 64 { digests.removeFirst() }
        }
        return digest
    }
}

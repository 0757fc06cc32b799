import Machines
import Stores

/// The last good machines file in the store, from which a daemon starts while the file itself is refused.
struct LastGoodMachines: Sendable {
    let store: EmbeddedStore
    private static let key = "last-good"

    init(store: EmbeddedStore) { self.store = store }

    /// Keeps a file that is in force. This reads and writes files.
    func keep(_ file: MachinesFile) throws {
        let bytes = try KeptMachinesFile(of: file).encode()
        if let known = try? store.record(.machinesFile, Self.key), known == bytes { return }
        try store.setRecord(.machinesFile, Self.key, bytes)
    }

    /// The file that was in force last, if it was the one at `path`.
    func load(path: String) -> MachinesFile? {
        guard let bytes = try? store.record(.machinesFile, Self.key), let kept = KeptMachinesFile(decoding: bytes),
            kept.path == path
        else { return nil }
        return try? kept.load()
    }
}

import Compositions
import Files
import Glibc
import SystemPackage

extension EmbeddedStore {
    /// How many bytes a record may have.
    public static let maximumRecordLength = 16 << 20

    /// The record under `key`, or nil if there is none.
    public func record(_ kind: RecordKind, _ key: String) throws(StoreError) -> [UInt8]? {
        let path = try recordPath(kind, key)
        guard let descriptor = try OwnedDescriptor.open(path) else { return nil }
        guard try descriptor.identity(path).isRegular else {
            throw StoreError(.corrupt, "the record \(path) is no file; remove it")
        }
        let bytes: [UInt8]?
        do throws(Errno) { bytes = try descriptor.bytes(upTo: Self.maximumRecordLength) } catch {
            throw StoreError(error, "reading", path)
        }
        guard let bytes else {
            throw StoreError(.tooLarge, "the record \(path) is longer than \(Self.maximumRecordLength) bytes")
        }
        return bytes
    }

    /// Puts `value` in the place of what stood under `key`; readers see the one or the other, and when this returns the new
    /// one is on the disk.
    public func setRecord(_ kind: RecordKind, _ key: String, _ value: [UInt8]) throws(StoreError) {
        let path = try recordPath(kind, key)
        guard value.count <= Self.maximumRecordLength else {
            throw StoreError(.tooLarge, "\(value.count) bytes are too long for the record \(path)")
        }
        let session = try writableSession()
        let folder = recordFolder(kind)
        if try FileIdentity(ifPresent: folder) == nil {
            try session.makeFolder(folder)
            try synchronizeFolder(root + "/records")
        }
        let temporary = session.nextPath()
        let descriptor = try session.create(temporary)
        defer { unlink(temporary) }
        try descriptor.write(value, path)
        try descriptor.synchronize(path)
        try session.rename(temporary, to: path)
        try synchronizeFolder(folder)
    }

    /// Removes the record under `key`; nothing happens if there is none.
    public func removeRecord(_ kind: RecordKind, _ key: String) throws(StoreError) {
        let path = try recordPath(kind, key)
        _ = try writableSession()
        guard unlink(path) == 0 else {
            if errno == ENOENT { return }
            throw StoreError(errno: errno, "removing", path)
        }
        try synchronizeFolder(recordFolder(kind))
    }

    /// Removes records while nobody publishes any: those that `choose` names, in their order.
    public func removeRecords(
        _ choose: () throws(StoreError) -> [(kind: RecordKind, key: String)]
    ) throws(StoreError) {
        let lock = try ReferenceLock(.alone, in: writableSession())
        let result = Result { () throws(StoreError) in
            let chosen = try choose()
            // Where all records are gone in the end, this says that they were meant to go.
            if !chosen.isEmpty { try setRecord(.removals, "last", Array("\(chosen.count)\n".utf8)) }
            for (kind, key) in chosen { try removeRecord(kind, key) }
        }
        lock.release()
        try result.get()
    }

    /// The keys of all records of a kind, in order.
    public func recordKeys(_ kind: RecordKind) throws(StoreError) -> [String] {
        try namesInFolder(recordFolder(kind)).filter(Self.isSafe)
    }

    /// Whether the folder of a kind is empty, also of what this program would not name so.
    func hasNothing(of kind: RecordKind) throws(StoreError) -> Bool { try namesInFolder(recordFolder(kind)).isEmpty }

    /// Changes whenever a record of this kind is set or removed, by whatever process; nil while there has been none.
    /// Changes within one tick of the file system's clock look alike: whoever caches records should read again if
    /// `isSettled` was false.
    public func recordGeneration(_ kind: RecordKind) throws(StoreError) -> RecordGeneration? {
        guard let identity = try FileIdentity(ifPresent: recordFolder(kind)) else { return nil }
        return RecordGeneration(identity: identity, isSettled: identity.isSettled)
    }

    /// The state of a record's file, without reading it; nil if there is none.
    public func recordIdentity(_ kind: RecordKind, _ key: String) throws(StoreError) -> FileIdentity? {
        try FileIdentity(ifPresent: recordPath(kind, key))
    }

    /// The folders to watch for changes of some kinds of records: theirs, and the one in which those are made.
    public func recordFolders(_ kinds: [RecordKind]) -> Set<String> {
        Set(kinds.map(recordFolder)).union([root + "/records"])
    }

    private func recordFolder(_ kind: RecordKind) -> String { "\(root)/records/\(kind.rawValue)" }

    private func recordPath(_ kind: RecordKind, _ key: String) throws(StoreError) -> String {
        guard Self.isSafe(kind.rawValue), Self.isSafe(key) else {
            throw StoreError(
                .invalidKey,
                "'\(key.prefix(64))' can't name a record: it takes 1 to 200 letters, digits, '.', '_', '+' and '-', "
                    + "and does not begin with '.'")
        }
        return "\(recordFolder(kind))/\(key)"
    }

    /// Whether a text can be a record's key.
    public static func canNameRecord(_ key: String) -> Bool { isSafe(key) }

    private static func isSafe(_ key: String) -> Bool {
        guard let first = key.utf8.first, first != UInt8(ascii: "."), key.utf8.count <= 200 else { return false }
        return key.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._+-".utf8.contains($0)
            }
        }
    }
}

/// A state of all records of one kind.
public struct RecordGeneration: Hashable, Sendable {
    let identity: FileIdentity
    /// When a record was last set or removed, in seconds since 1970.
    var changed: Int { identity.changed.seconds }
    /// Whether the last change is long enough ago that a later one would show.
    public let isSettled: Bool

    public static func == (left: RecordGeneration, right: RecordGeneration) -> Bool { left.identity == right.identity }
    public func hash(into hasher: inout Hasher) { hasher.combine(identity) }
}

import TarArchives

/// What one layer hides of the layers below it, as far as it concerns some paths (OCI image specification, layer.md,
/// "Whiteouts"). It says nothing about the layer's own entries.
struct LayerHiding {
    /// The paths, and all folders above them: only these need remembering.
    private let relevant: Set<[UInt8]>
    private let layer: String
    private var hidden: Set<[UInt8]> = []
    /// The names at the root of the file system that are hidden.
    private(set) var roots: Set<String> = []
    /// Whether everything below is hidden.
    private(set) var isOpaque = false

    /// How many names at the root a layer may hide.
    private static let mostRoots = 10_000
    private static let mark = Array(".wh.".utf8)
    private static let opaqueMark = Array(".wh..wh..opq".utf8)

    /// - Parameter layer: what errors call it.
    init(_ paths: [[UInt8]], layer: String) {
        var relevant = Set(paths)
        for path in paths {
            var folder = path[...]
            while let slash = folder.lastIndex(of: UInt8(ascii: "/")) {
                folder = folder[..<slash]
                relevant.insert(Array(folder))
            }
        }
        self.relevant = relevant
        self.layer = layer
    }

    /// Whether an entry only marks what is hidden.
    static func isMark(_ place: EntryPath) -> Bool { place.names.last?.starts(with: mark) ?? false }

    mutating func take(_ entry: TarEntry, at place: EntryPath) throws(ReleaseError) {
        guard let name = place.names.last else { return }
        let folder = Array(place.names.dropLast().joined(separator: [UInt8(ascii: "/")]))
        if name.elementsEqual(Self.opaqueMark) {
            if folder.isEmpty { isOpaque = true }
            if relevant.contains(folder) { hidden.insert(folder) }
        } else if Self.isMark(place) {
            let victim = Array(name.dropFirst(Self.mark.count))
            let path = folder.isEmpty ? victim : folder + [UInt8(ascii: "/")] + victim
            if relevant.contains(path) { hidden.insert(path) }
            guard folder.isEmpty else { return }
            roots.insert(String(decoding: victim, as: UTF8.self))
            guard roots.count <= Self.mostRoots else {
                throw ReleaseError(.limit, "layer \(layer) hides more than \(Self.mostRoots) names")
            }
        } else if entry.kind != .directory {
            // What is no directory hides a directory of its name with all that is in it.
            let path = place.normalized
            if relevant.contains(path) { hidden.insert(path) }
        }
    }

    /// Whether what lower layers have at `path` is hidden.
    func hides(_ path: [UInt8]) -> Bool { isOpaque || hidden.contains { $0 == path || path.isBelow($0) } }
}

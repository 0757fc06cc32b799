import TarArchives

/// What one layer says about some paths, entry by entry and as container runtimes unpack it: what comes later takes the place
/// of what came before, also of all that was below it.
struct LayerContents {
    /// What stands at a path.
    enum Claim {
        /// A regular file that is kept.
        case file(KeptContent)
        /// Another name of what stands at a path by the time of an entry, counted from the layer's first.
        case hardLink(target: [UInt8], entry: Int)
        /// A link, a device or a directory: no file that could be kept.
        case other
    }

    /// A path, and what its content is wanted as.
    struct Request {
        var path: [UInt8]
        var file: WantedFile
        /// Only what comes before this entry counts; if nothing does, the first that comes after it is taken.
        var entry = Int.max
    }

    private let requests: [Request]
    private var claims: [Claim?]
    /// Whether the claim comes from behind the request's entry.
    private var isLate: [Bool]
    private var writers: [(index: Int, writer: KeptContentWriter)] = []
    private var count = 0

    init(_ requests: [Request]) {
        self.requests = requests
        claims = Array(repeating: nil, count: requests.count)
        isLate = Array(repeating: false, count: requests.count)
    }

    /// What the layer has for a request that it has before the request's entry, and behind it.
    func claim(_ index: Int) -> (before: Claim?, after: Claim?) {
        isLate[index] ? (nil, claims[index]) : (claims[index], nil)
    }

    mutating func begin(
        _ entry: TarEntry, at path: [UInt8], _ writer: (WantedFile) throws -> KeptContentWriter
    ) throws {
        defer { count += 1 }
        let isDirectory = entry.kind == .directory
        for (index, request) in requests.enumerated() {
            let late = count >= request.entry
            // After the link was made, the first content counts, and only if there was none before.
            if late, claims[index] != nil { continue }
            if request.path == path {
                isLate[index] = late
                switch entry.kind {
                case .file:
                    claims[index] = .other
                    writers.append((index, try writer(request.file)))
                case .hardLink(let target):
                    claims[index] = .hardLink(target: EntryPath(target).normalized, entry: count)
                default: claims[index] = .other
                }
            } else if !isDirectory, !late, request.path.isBelow(path) {
                // What is no directory replaces the directory that the file lay in.
                claims[index] = nil
            }
        }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        for (_, writer) in writers { try writer.write(bytes) }
    }

    mutating func end() throws {
        for (index, writer) in writers { claims[index] = .file(try writer.finish()) }
        writers = []
    }
}

extension [UInt8] {
    /// Whether this path lies somewhere below the folder at `path`.
    func isBelow(_ path: [UInt8]) -> Bool {
        count > path.count && self[path.count] == UInt8(ascii: "/") && starts(with: path)
    }
}

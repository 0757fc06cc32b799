import NetworkTypes

/// The pages of a list, one after the other: each place once, and not without end.
struct PageTrail {
    private let first: RegistryURL
    private let limit: Int
    private var seen: Set<RegistryURL>

    init(first: RegistryURL, limit: Int) {
        self.first = first
        self.limit = limit
        seen = [first]
    }

    /// Where the list goes on after a page; nil at its end.
    ///
    /// - Parameters:
    ///   - url: The page's place.
    ///   - links: The Link fields of its answer.
    /// - Throws: `RegistryError`: it leads elsewhere, in a circle, or on and on.
    mutating func next(after url: RegistryURL, links: [String], request: String) throws(RegistryError) -> RegistryURL? {
        guard let reference = LinkField.next(in: links) else { return nil }
        let shown = PlainText.shown(reference.prefix { $0 != "?" })
        let target: RegistryURL
        do { target = try url.resolving(reference) } catch {
            throw RegistryError(.badAnswer, "\(request) goes on at '\(shown)', which is no place: \(error)")
        }
        guard target.origin.host == first.origin.host, isSamePort(target) else {
            throw RegistryError(.refusedRedirect, "\(request) goes on at \(target.shown), which is another server")
        }
        // Behind a proxy a registry may not know over which protocol it is spoken with.
        let next = first.with(target: target.target)
        guard seen.insert(next).inserted else { throw RegistryError(.badAnswer, "\(request) goes on in a circle") }
        guard seen.count <= limit else {
            throw RegistryError(.tooLarge, "\(request) has more than \(limit) pages, and that many are read")
        }
        return next
    }

    /// The same page at the list's own path, for registries that name the path at which somebody else asks them; nil if it is there
    /// already.
    mutating func own(_ url: RegistryURL) -> RegistryURL? {
        guard url.path != first.path, let query = url.query else { return nil }
        let own = first.with(target: "\(first.path)?\(query)")
        return seen.insert(own).inserted ? own : nil
    }

    private func isSamePort(_ target: RegistryURL) -> Bool {
        target.origin.port == first.origin.port
            || first.scheme == .https && target.scheme == .http && target.authority.port == nil
                && first.authority.port == nil
    }
}

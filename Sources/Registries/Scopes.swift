/// What a token is for: actions on repositories, `repository:siderolabs/imager:pull`, each repository once.
struct Scopes: Hashable, Sendable {
    private struct Resource: Hashable {
        /// Type and name.
        var name: String
        var actions: [String]
    }

    private var resources: [Resource] = []

    /// How many are asked for at once.
    static let limit = 16

    /// Nothing in particular.
    init() {}

    /// Reading from a repository.
    static func pull(_ repository: String) -> Scopes {
        var scopes = Scopes()
        scopes.add(Resource(name: "repository:\(repository)", actions: ["pull"]))
        return scopes
    }

    /// The resources of a challenge's `scope`, which are separated by spaces and come in any order.
    init(parsing text: String) {
        // GitHub's registry writes this where nothing has been asked of any repository yet.
        for word in text.split(separator: " ") where word != "repository:user/image:pull" { add(word) }
    }

    /// These, and `others` that are not among them. Some servers look at the first one only, so what was missing comes first.
    func merging(_ others: Scopes) -> Scopes {
        var merged = self
        for other in others.resources { merged.add(other) }
        return merged
    }

    /// One text for each resource.
    var texts: [String] { resources.map { "\($0.name):\($0.actions.joined(separator: ","))" } }

    private mutating func add(_ text: Substring) {
        guard text.utf8.count <= 1024, let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return }
        let actions = text[text.utf8.index(after: colon)...].split(separator: ",").map(String.init)
        add(Resource(name: String(text[..<colon]), actions: actions))
    }

    private mutating func add(_ other: Resource) {
        guard let index = resources.firstIndex(where: { $0.name == other.name }) else {
            if resources.count < Self.limit { resources.append(other) }
            return
        }
        for action in other.actions
        where !resources[index].actions.contains(action) && resources[index].actions.count < 8 {
            resources[index].actions.append(action)
        }
    }

    /// Two are equal in whatever order they stand.
    static func == (left: Scopes, right: Scopes) -> Bool { left.key == right.key }
    func hash(into hasher: inout Hasher) { hasher.combine(key) }
    private var key: Set<String> { Set(resources.map { "\($0.name):\($0.actions.sorted().joined(separator: ","))" }) }
}

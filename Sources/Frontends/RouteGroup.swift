/// Routes that belong together. A listener is made of such groups.
public protocol RouteGroup: Sendable {
    /// How many bytes the body of a request to any of these routes may have. The default is none.
    var bodyLimit: Int { get }

    /// Adds them.
    func add(to routes: inout Routes)
}

extension RouteGroup {
    public var bodyLimit: Int { 0 }
}

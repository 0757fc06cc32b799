/// Reads the first document of `bytes` as `target`, and gives it to `body`.
///
/// A struct comes as a mapping of the fields that were set, in the struct's order; a list as a sequence; an integer as
/// `uint`; a choice as its word. Nil stands for null, which leaves a struct as it is.
///
/// Any thread may call this: reading, `body` and the release of the value get a stack of their own when the document is
/// deeply nested. So the value must not leave `body`.
///
/// - Parameters:
///   - isStrict: whether a field that the struct does not have is an error.
///   - start: the place of the first byte, where the bytes are a part of another text. Errors count from there.
///   - body: makes something flat of the value.
/// - Throws: go-yaml's error. The limits are our own: those of `limits`, and 20 000 levels of nesting.
public func decode<T>(
    _ bytes: [UInt8], as target: Target, isStrict: Bool = true, limits: LoadLimits = .standard,
    startingAt start: Position = .start, _ body: (YAMLValue?) -> T
) throws(DecodingFailure) -> T {
    let root: Node?
    do { root = try composeFirstDocument(of: bytes, startingAt: start, limits: limits) } catch { throw .fault(error) }
    guard let root else { throw .noDocument }
    func work() -> Result<T, DecodingFailure> {
        let constructor = Constructor(isStrict: isStrict, limits: limits)
        do throws(DecodingFailure) {
            return .success(body(try constructor.construct(document: root, as: target)))
        } catch {
            return .failure(error)
        }
    }
    guard let result = root.isShallow ? work() : DeepStack.run(work) else { throw .noThread }
    return try result.get()
}

extension Node {
    /// Whether the node has few levels and no aliases, which could lead through any number of levels.
    fileprivate var isShallow: Bool {
        var pending: [(node: Node, depth: Int)] = [(self, 0)]
        while let (node, depth) = pending.popLast() {
            guard node.kind != .alias, depth < DeepStack.shallowDepth else { return false }
            pending.append(contentsOf: node.children.lazy.map { ($0, depth + 1) })
        }
        return true
    }
}

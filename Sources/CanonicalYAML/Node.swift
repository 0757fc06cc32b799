/// A node of a composed YAML document, as go-yaml's: tags are kept as written, and an alias points at its target.
///
/// Text is kept as bytes, because `String` compares by canonical equivalence, and two keys that only look alike must stay
/// two keys. A document may be tens of thousands of levels deep, so whatever walks one keeps its own stack, as `deinit`
/// does, instead of recursing.
public final class Node {
    /// What a node is.
    public enum Kind: Hashable, Sendable {
        /// Text.
        case scalar
        /// A list of nodes.
        case sequence
        /// A list of keys and values, alternating.
        case mapping
        /// Another mention of an anchored node.
        case alias
    }

    /// How a scalar was written.
    public enum Style: Hashable, Sendable {
        case plain
        case singleQuoted
        case doubleQuoted
        case literal
        case folded
    }

    /// What the node is.
    public let kind: Kind
    /// The explicit tag in short form where it has one ("!!str", "!foo", "!"), or empty when none was written.
    public var tag: String
    /// A scalar's text, or an alias' name.
    public var value: [UInt8]
    /// How a scalar was written.
    public var style: Style
    /// A sequence's elements, or a mapping's keys and values alternating.
    public var children: [Node]
    /// The node an alias stands for. Weak, because an alias may sit inside its own target; the document's root keeps
    /// every node, so this is nil only after the root is gone.
    public weak var target: Node?
    /// The anchor written on the node, or empty.
    public var anchor: [UInt8]
    /// Where the node begins; lines and columns count from 1.
    public let position: Position

    /// A node.
    public init(
        kind: Kind, tag: String = "", value: [UInt8] = [], style: Style = .plain, children: [Node] = [],
        target: Node? = nil, anchor: [UInt8] = [], position: Position
    ) {
        self.kind = kind
        self.tag = tag
        self.value = value
        self.style = style
        self.children = children
        self.target = target
        self.anchor = anchor
        self.position = position
    }

    deinit {
        // Freed level by level, a deep document would overflow a small stack.
        var pending: [Node] = []
        swap(&pending, &children)
        while var node = pending.popLast() {
            guard !node.children.isEmpty, isKnownUniquelyReferenced(&node) else { continue }
            var orphans: [Node] = []
            swap(&orphans, &node.children)
            pending.append(contentsOf: orphans)
        }
    }
}

/// A place in a text; lines and columns count from 1.
public struct Position: Hashable, Sendable {
    /// The line.
    public var line: Int
    /// The column, in characters.
    public var column: Int

    /// Where a text begins.
    public static let start = Position(line: 1, column: 1)

    /// A place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

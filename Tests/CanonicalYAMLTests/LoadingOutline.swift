import CanonicalYAML

/// The first document on one line: `[…]` and `{…}` around collections, scalars in `<>` after a letter for their style
/// (plain, single, double, literal, folded), tags and anchors in front, aliases as written.
func outline(_ text: String) -> String {
    outline(Array(text.utf8))
}

func outline(_ bytes: [UInt8]) -> String {
    do {
        return try composeFirstDocument(of: bytes).map { outline($0) } ?? "EOF"
    } catch {
        return error.description
    }
}

private func outline(_ node: Node) -> String {
    var properties = ""
    if !node.anchor.isEmpty { properties += "&" + String(decoding: node.anchor, as: UTF8.self) + " " }
    if !node.tag.isEmpty { properties += node.tag + " " }
    let value = String(decoding: node.value, as: UTF8.self)
    switch node.kind {
    case .alias:
        return "*" + value
    case .scalar:
        let style =
            switch node.style {
            case .plain: "p"
            case .singleQuoted: "s"
            case .doubleQuoted: "d"
            case .literal: "l"
            case .folded: "f"
            }
        return properties + style + "<" + value + ">"
    case .sequence:
        return properties + "[" + node.children.map { outline($0) }.joined(separator: ", ") + "]"
    case .mapping:
        let pairs = stride(from: 0, to: node.children.count, by: 2).map {
            outline(node.children[$0]) + ": " + outline(node.children[$0 + 1])
        }
        return properties + "{" + pairs.joined(separator: ", ") + "}"
    }
}

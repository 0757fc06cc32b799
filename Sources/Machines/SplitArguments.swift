import Bytes
import ConfigurationYAML

/// Kernel arguments that a comma in a flow list has split: `[console=ttyS0,115200]` is a list of two.
///
/// An item continues the one before it when that one has a value (`name=…`) and the comma is followed by something at once,
/// as within a value, and not by a blank, as between items; what stands before the comma says nothing. Even behind a blank,
/// what begins with a digit and sets nothing is no argument of its own. Whoever writes quotes says where arguments end, which
/// a tag or an anchor does not; and block lists have no commas.
struct SplitArguments {
    let bytes: [UInt8]

    /// An argument and its pieces.
    struct Split {
        var position: TextPosition
        var pieces: [String]

        var message: String {
            "a comma splits it into \(pieces.map { "'\($0)'" }.joined(separator: " and ")), which are \(pieces.count) "
                + "arguments"
        }
        var remedy: String {
            "write it in quotes, as in \"\(pieces.joined(separator: ","))\"; or quote each piece, if they are arguments "
                + "of their own"
        }
    }

    init(in bytes: [UInt8]) { self.bytes = bytes }

    /// The split arguments among the items of a list.
    func find(among items: [ConfigurationNode]) -> [Split] {
        guard items.count > 1 else { return [] }
        var found: [Split] = []
        var names: Set<Substring> = []
        var isInValue = false
        var isSplit = false
        for (index, item) in items.enumerated() {
            let name = Self.name(of: item)
            let continues = isInValue && self.continues(items[index - 1], with: item, name: name, after: names)
            if continues, let text = item.plainText {
                if isSplit {
                    found[found.count - 1].pieces.append(text)
                } else {
                    let first = items[index - 1]
                    found.append(Split(position: first.position, pieces: [first.plainText ?? "", text]))
                }
            }
            isSplit = continues
            isInValue = continues || name != nil
            if let name { names.insert(name) }
        }
        return found
    }

    private func continues(
        _ previous: ConfigurationNode, with item: ConfigurationNode, name: Substring?, after names: Set<Substring>
    ) -> Bool {
        guard let text = item.plainText, !text.isEmpty, previous.plainText != nil,
            // An alias begins an argument, whatever it stands for.
            previous.range.upperBound < item.range.lowerBound, bytes[item.range.lowerBound] != UInt8(ascii: "*"),
            // Between the items of a list that an alias has brought here, there is anything.
            let rest = Self.afterComma(bytes[previous.range.upperBound..<item.range.lowerBound]),
            Self.afterBlanks(rest).isEmpty
        else { return false }
        if !rest.isEmpty { return name == nil && text.utf8.first.map { (0x30...0x39).contains($0) } == true }
        return !isArgument(text, name: name, after: names)
    }

    /// What stands behind the comma of a gap; nil if it does not begin with one, apart from blanks and comments.
    private static func afterComma(_ gap: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let rest = afterBlanks(gap)
        return rest.first == UInt8(ascii: ",") ? rest.dropFirst() : nil
    }

    private static func afterBlanks(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = text
        while true {
            rest = rest.drop {
                [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains($0)
            }
            guard rest.first == UInt8(ascii: "#") else { return rest }
            rest = rest.drop { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        }
    }

    /// Whether text right behind a comma is an argument all the same: it sets what was set before, a parameter of a module
    /// or of Talos, or one that no other parameter's value has.
    private func isArgument(_ text: String, name: Substring?, after names: Set<Substring>) -> Bool {
        guard let name else { return Self.commonArguments.contains(text) }
        let begins = name.utf8.first.map { $0 | 0x20 } ?? 0
        return names.contains(name) || Self.commonArguments.contains(String(name))
            || (name.utf8.contains(UInt8(ascii: ".")) && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(begins))
    }

    private static let commonArguments: Set<String> = [
        "console", "consoleblank", "crashkernel", "init_on_alloc", "init_on_free", "loglevel", "mitigations",
        "nomodeset",
        "panic", "pti", "quiet", "selinux", "slab_nomerge", "splash",
    ]

    /// The name of an argument that sets something.
    private static func name(of item: ConfigurationNode) -> Substring? {
        guard let text = item.plainText, let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let name = text[..<equals]
        let isName = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return isName && !name.isEmpty ? name : nil
    }
}

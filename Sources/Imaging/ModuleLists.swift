import Files
import SystemPackage

/// The lists of a kernel's modules in `modules/<release>`, as kmod knows them (depmod(8), modules.dep(5)).
enum ModuleLists {
    /// Those that come with the kernel and that depmod reads.
    private static let read: Set<FileName> = ["modules.order", "modules.builtin", "modules.builtin.modinfo"]

    /// Those that depmod writes. Other files that are named like lists stay where they are, in the release's root file
    /// system or in an extension's image: the machine sees them all in one folder.
    private static let written: [FileName] = [
        "modules.alias", "modules.alias.bin", "modules.builtin.alias.bin", "modules.builtin.bin", "modules.dep",
        "modules.dep.bin", "modules.devname", "modules.softdep", "modules.symbols", "modules.symbols.bin",
        "modules.weakdep",
    ]

    /// Endings of modules: as they are, or compressed in the ways that kmod knows.
    private static let endings = [".ko", ".ko.gz", ".ko.xz", ".ko.zst"].map { Array($0.utf8.reversed()) }

    /// Whether depmod reads a file with this name.
    static func isRead(_ name: FileName) -> Bool {
        read.contains(name) || endings.contains { name.bytes.reversed().starts(with: $0) }
    }

    /// Whether `name` is what depmod takes for a kernel's release: two numbers and a dot, and then something harmless.
    static func isKernelRelease(_ name: String) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let major = name.utf8.prefix { digits.contains($0) }
        let rest = name.utf8.dropFirst(major.count)
        guard (1...9).contains(major.count), rest.first == UInt8(ascii: "."),
            let minor = rest.dropFirst().first, digits.contains(minor)
        else { return false }
        return name.utf8.count <= 255
            && name.utf8.allSatisfy { byte in
                digits.contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || "._+-~".utf8.contains(byte)
            }
    }

    /// The lists in `folder`, each taken in piece by piece.
    ///
    /// - Parameter limit: how many bytes they may have together.
    static func collect(from folder: String, into spool: Spool, limit: UInt64) throws -> [FileName: TreeNode] {
        var allowance = Allowance(limit, "bytes of lists of kernel modules")
        var lists: [FileName: TreeNode] = [:]
        for name in (written + read).sorted() {
            let path = "\(folder)/\(name.text)"
            let file: OwnedDescriptor
            do throws(Errno) { file = try OwnedDescriptor(opening: path, .readOnly, .cautious) } catch {
                if error == .noSuchFileOrDirectory || error == .tooManySymbolicLinkLevels { continue }
                throw ImagingError(.temporaryFile, "cannot open \(path): \(error)")
            }
            guard let identity = try? file.identity(), identity.isRegular else { continue }
            spool.begin()
            try file.readAll(orThrow: { ImagingError(.temporaryFile, "cannot read \(path): \($0)") as any Error }) {
                try allowance.take(UInt64($0.count), "'\(name.text)'")
                try spool.append($0)
            }
            lists[name] = TreeNode(.file(spool.finish()), permissions: 0o644)
        }
        return lists
    }
}

import CLinux
import Glibc
import TFTP

/// A folder of which nothing but the regular files inside it can be reached.
///
/// The walk is the kernel's (openat2, RESOLVE_BENEATH), so that no race with a rename and no symbolic link leads out of it.
/// Links that stay inside are followed, as operators like them for `pxelinux.0`. Where the kernel has no openat2, each
/// component is opened by itself and no link is followed.
struct ServedFolder: Sendable {
    let path: String

    /// The most entries of one directory that are looked through for a name in other case.
    private static let mostEntries = 10_000

    /// The file `name`, or nil if there is no regular file of that name inside the folder.
    func open(_ name: TFTPFileName, files: OpenFiles) throws(TFTPContentError) -> OpenFile? {
        let root = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadable(path: path, errno: errno)
        }
        defer { close(root) }
        var descriptor = descend(from: root, to: name.components)
        if descriptor == -ENOENT, let spelling = spelling(of: name.components, below: root) {
            descriptor = descend(from: root, to: spelling)
        }
        guard descriptor >= 0 else {
            switch -descriptor {
            case ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, ENXIO, EACCES, EPERM: return nil
            case let error: throw .unreadable(path: "\(path)/\(name)", errno: error)
            }
        }
        do {
            return try files.adopt(descriptor, path: "\(path)/\(name)")
        } catch .notRegular {
            return nil
        }
    }

    private func descend(from root: Int32, to components: [String], directory: Bool = false) -> Int32 {
        let descriptor = tftp_open_beneath(root, components.joined(separator: "/"), directory)
        guard descriptor == -ENOSYS else { return descriptor }
        return Self.descendByComponents(from: root, to: components, directory: directory)
    }

    static func descendByComponents(from root: Int32, to components: [String], directory: Bool) -> Int32 {
        var folder = root
        for (index, component) in components.enumerated() {
            let isLast = index == components.count - 1
            let next = tftp_open_component(folder, component, isLast ? directory : true)
            if folder != root { close(folder) }
            guard next >= 0, !isLast else { return next }
            folder = next
        }
        return -ENOENT
    }

    /// How the file system spells the path, when it differs in case only. Of several spellings, the first in byte order.
    private func spelling(of components: [String], below root: Int32) -> [String]? {
        var found: [String] = []
        for component in components {
            let folder = descend(from: root, to: found.isEmpty ? ["."] : found, directory: true)
            guard folder >= 0 else { return nil }
            guard let stream = fdopendir(folder) else {
                close(folder)
                return nil
            }
            defer { closedir(stream) }
            let wanted = component.lowercased()
            var best: String?
            for _ in 0..<Self.mostEntries {
                guard let entry = readdir(stream) else { break }
                let name = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                guard name == component || name.lowercased() == wanted else { continue }
                if name == component {
                    best = name
                    break
                }
                if best.map({ name < $0 }) ?? true { best = name }
            }
            guard let best else { return nil }
            found.append(best)
        }
        return found
    }
}

import Compositions
import Files
import Foundation
import Glibc
import Stores
import SystemPackage

/// Where a command writes what it was asked for: a file, standard output, or a pipe or device.
///
/// Links are followed, as by everything else that writes to a name. What is there and a file, or not there yet, gets its content
/// all at once: it is written beside the place to which the links lead, and renamed. All else is written to as it is. The place is
/// named by whoever started the command, and the content is read as the store's owner.
struct OutputFile {
    private enum Target {
        /// Open already, and written to where it stands.
        case descriptor(FileDescriptor)
        /// Opened, and written to.
        case existing(String)
        /// A file that is replaced whole, or made.
        case file(String)
    }

    /// The name for messages.
    let name: String
    private let target: Target
    /// Whether it is for people's eyes too.
    private let isText: Bool

    /// Names that stand for standard output, even where it is closed.
    private static let standardOutput: Set<String> = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]

    /// Looks where a path leads. Nothing is written yet.
    init(_ path: String, isText: Bool) throws {
        self.isText = isText
        if Self.standardOutput.contains(path) {
            target = .descriptor(.standardOutput)
        } else {
            let found = StoreOwner.asRoot { Self.follow(path) }
            do { target = try found.get() } catch {
                throw CommandFailure.exit("slipway: cannot write \(path): \(error)")
            }
        }
        guard case .descriptor(let number) = target else {
            name = path
            return
        }
        name = number == .standardOutput ? "standard output" : path
        guard fcntl(number.rawValue, F_GETFL) >= 0 else { throw Self.failure(name, Errno(rawValue: errno)) }
        try Self.refuseTerminal(number, isText)
    }

    /// Writes all of it.
    func write(_ composition: Composition) throws {
        switch target {
        case .descriptor(let number): try write(composition, to: number)
        case .existing(let path):
            let file = try open(path, .truncate)
            try Self.refuseTerminal(file.descriptor, isText)
            try write(composition, to: file.descriptor)
        case .file(let path):
            let beside = path + ".partial-\(getpid())"
            _ = StoreOwner.asRoot { unlink(beside) }
            let file = try open(beside, [.create, .exclusiveCreate, .noFollow])
            do {
                // Whoever may not read what is replaced may not read what takes its place.
                if let replaced = StoreOwner.asRoot({ Place(path) }) {
                    fchmod(file.descriptor.rawValue, mode_t(truncatingIfNeeded: replaced.permissions & 0o777))
                }
                try write(composition, to: file.descriptor)
                do throws(Errno) { try file.synchronize() } catch { throw Self.failure(name, error) }
                let code = StoreOwner.asRoot { rename(beside, path) == 0 ? 0 : errno }
                guard code == 0 else { throw Self.failure(name, Errno(rawValue: code)) }
            } catch {
                _ = StoreOwner.asRoot { unlink(beside) }
                throw error
            }
        }
    }

    private func open(_ path: String, _ options: FileDescriptor.OpenOptions) throws -> OwnedDescriptor {
        do throws(Errno) {
            return try StoreOwner.asRoot { () throws(Errno) in
                try OwnedDescriptor(
                    opening: path, .writeOnly, options,
                    permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
            }
        } catch {
            throw Self.failure(name, error)
        }
    }

    private func write(_ composition: Composition, to descriptor: FileDescriptor) throws {
        try composition.read { piece in
            do { try descriptor.writeAll(piece) } catch let error as Errno { throw Self.failure(name, error) }
        }
    }

    private static func failure(_ name: String, _ error: Errno) -> any Error {
        CommandFailure.exit("slipway: cannot write \(name): \(error)")
    }

    private static func refuseTerminal(_ descriptor: FileDescriptor, _ isText: Bool) throws {
        guard !isText, isatty(descriptor.rawValue) == 1 else { return }
        throw CommandFailure.exit(
            "slipway: the asset is binary, and a terminal takes it for commands; name a file with --output, or send it through a "
                + "pipe")
    }

    // MARK: - Links

    /// Why a name leads nowhere.
    private struct Obstacle: Error, CustomStringConvertible {
        var description: String
    }

    /// The place to which links lead.
    private static func follow(_ path: String) -> Result<Target, Obstacle> {
        var path = path
        // As many as the kernel follows (path_resolution(7)).
        for _ in 0..<40 {
            var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(path, &bytes, bytes.count)
            let code = errno
            guard count >= 0 else {
                switch code {
                case ENOENT: return .success(.file(path))
                // It is there, and no link.
                case EINVAL: return .success(isFile(path) ? .file(path) : .existing(path))
                default: return .failure(Obstacle(description: Errno(rawValue: code).description))
                }
            }
            let link = Place(path)
            // Those of /proc lead to open files, whatever they say.
            if let device = link?.device, device == Place("/proc")?.device {
                return .success(ownDescriptor(path).map(Target.descriptor) ?? .existing(path))
            }
            let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? ""
            guard let link, let place = Place(folder.isEmpty ? "." : folder + "."), link.isTrusted(in: place) else {
                return .failure(
                    Obstacle(
                        description:
                            "\(path) is a link of another user's in a folder where everybody may make one; name the "
                            + "file to which it should lead"))
            }
            let next = String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            path = next.utf8.first == UInt8(ascii: "/") ? next : folder + next
        }
        return .failure(Obstacle(description: Errno.tooManySymbolicLinkLevels.description))
    }

    /// This process' own open file to which a link of /proc leads, if it is written to: opened anew, a file would be written to
    /// from its beginning.
    private static func ownDescriptor(_ path: String) -> FileDescriptor? {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
        guard let descriptor = Int32(name).map(FileDescriptor.init(rawValue:)),
            let own = try? FileIdentity(of: descriptor), let there = identity(of: path), own.isSameFile(as: there),
            fcntl(descriptor.rawValue, F_GETFL) & O_ACCMODE != O_RDONLY
        else { return nil }
        return descriptor
    }

    /// Whether a file is there, and nothing else: a device or pipe is never replaced, whoever may read it.
    private static func isFile(_ path: String) -> Bool { identity(of: path)?.isRegular ?? false }

    /// What is at a path, or at the end of the links there.
    private static func identity(of path: String) -> FileIdentity? {
        try? FileIdentity(at: path, followingLinks: true)
    }

    /// A link or folder, itself.
    private struct Place {
        var owner: Int
        var permissions: Int
        var device: Int

        init?(_ path: String) {
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
                let owner = attributes[.ownerAccountID] as? Int,
                let permissions = attributes[.posixPermissions] as? Int,
                let device = attributes[.systemNumber] as? Int
            else { return nil }
            (self.owner, self.permissions, self.device) = (owner, permissions, device)
        }

        /// Whether a link may be followed, by the kernel's own rule (proc_sys_fs(5), protected_symlinks), which holds where it
        /// does the following.
        func isTrusted(in folder: Place) -> Bool {
            // Everybody may write there, and remove what is his own.
            folder.permissions & 0o1002 != 0o1002 || owner == Int(geteuid()) || owner == folder.owner
        }
    }
}

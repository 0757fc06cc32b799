import Compositions
import Digests
import Files
import Glibc
import SystemPackage

/// One file in a folder of finished assets. Everything here blocks.
public struct PublishedFile: Sendable {
    /// Why the folder does not take a file, or cannot be looked at: a sentence with the remedy.
    struct Obstacle: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }

        init(_ path: String, _ error: Errno) {
            let code = error.rawValue
            let remedy =
                switch code {
                case ENOSPC, EDQUOT: "; remove files that are not needed any more"
                case EACCES, EPERM, EROFS: "; let the user that runs this write it"
                case ENOENT: "; make the folder again"
                default: ""
                }
            self.init("\(path): \(String(cString: strerror(code)))\(remedy)")
        }
    }

    /// Somebody else is writing it, or it is not wanted any more. That is nobody's fault.
    private struct Unfinished: Error {}

    /// How many bytes of the file system stay free unless it is said otherwise: 2 GiB.
    public static let usuallyFree: UInt64 = 2 << 30
    /// What of the file system stays free in any case, as a divisor of its size.
    private static let freePart: UInt64 = 10
    /// How long nobody has to have written to what is left of an attempt: no attempt waits so long.
    private static let abandoned = 3600

    let folder: String
    let digest: Digest
    let name: String
    let length: UInt64
    let leastFree: UInt64

    private var parent: String { "\(folder)/\(digest.hexadecimal)" }
    private var path: String { "\(parent)/\(name)" }
    private var unfinished: String { "\(parent)/.\(name).partial" }

    /// Whether a name stands for itself in a path and in a URL.
    static func isPlain(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Whether it is there, by name and length.
    func isThere() throws -> Bool {
        do {
            let found = try FileIdentity(at: path)
            return found.isRegular && found.length == length
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory { return false }
            throw Obstacle(path, error)
        }
    }

    /// Why a folder's file system takes no file of `length` bytes; nil if it does.
    ///
    /// - Parameter leastFree: How many bytes stay free in any case; a tenth of all of it does too.
    public static func lackOfRoom(
        in folder: String, for length: UInt64 = 0, leastFree: UInt64 = usuallyFree
    ) -> String? {
        var system = statvfs()
        guard statvfs(folder, &system) == 0 else { return String(cString: strerror(errno)) }
        func bytes(_ blocks: fsblkcnt_t) -> UInt64 {
            let (product, overflow) = UInt64(blocks).multipliedReportingOverflow(by: UInt64(system.f_frsize))
            return overflow ? .max : product
        }
        let reserve = max(leastFree, bytes(system.f_blocks) / freePart)
        let (needed, overflow) = reserve.addingReportingOverflow(length)
        guard overflow || bytes(system.f_bavail) < needed else { return nil }
        return
            "its file system has \(bytes(system.f_bavail) >> 20) MiB free, and \(reserve >> 20) MiB stay free in any "
            + "case (2 GiB or a tenth, whichever is more); remove files that are not needed any more"
    }

    /// Writes it, if it is not there by now. It has its name when it is whole and on the disk.
    ///
    /// - Throws: ``Obstacle`` if the folder does not take it; whatever else keeps it from being written now.
    func write(_ composition: Composition, isCancelled: () -> Bool) throws {
        if try isThere() { return }
        guard access(folder, W_OK | X_OK) == 0 else { throw Obstacle(folder, Errno(rawValue: errno)) }
        if let lack = Self.lackOfRoom(in: folder, for: length, leastFree: leastFree) {
            throw Obstacle("\(folder): \(lack)")
        }
        // By another user's server it has to be read, whatever this process' mask keeps from others.
        if mkdir(parent, 0o755) == 0 {
            chmod(parent, 0o755)
        } else if errno != EEXIST {
            throw Obstacle(parent, Errno(rawValue: errno))
        }
        do {
            try fill(try open(), with: composition, isCancelled: isCancelled)
        } catch {
            // Only if nobody else is at it.
            rmdir(parent)
            throw error
        }
    }

    /// Gives an open file its content, and then its name.
    private func fill(
        _ file: consuming OwnedDescriptor, with composition: Composition, isCancelled: () -> Bool
    ) throws {
        do {
            var hasher = SHA256Hasher()
            var written: UInt64 = 0
            try composition.read { piece in
                if isCancelled() { throw Unfinished() }
                do throws(Errno) { try file.writeAll(piece) } catch { throw Obstacle(unfinished, error) }
                hasher.update(piece)
                written += UInt64(piece.count)
            }
            // What was read was not what was hashed before: the source has been altered.
            guard hasher.finalize() == digest, written == length else { throw Unfinished() }
            do throws(Errno) { try file.synchronize() } catch { throw Obstacle(path, error) }
            guard fchmod(file.descriptor.rawValue, 0o644) == 0, rename(unfinished, path) == 0 else {
                throw Obstacle(path, Errno(rawValue: errno))
            }
        } catch {
            unlink(unfinished)
            throw error
        }
    }

    /// Opens the file that becomes this one. Its name keeps out every other process that is about to write the same.
    private func open() throws -> OwnedDescriptor {
        for _ in 0..<2 {
            do {
                return try OwnedDescriptor(
                    opening: unfinished, .writeOnly, [.create, .exclusiveCreate, .noFollow],
                    permissions: [.ownerReadWrite, .groupRead, .otherRead])
            } catch {
                guard error == .fileExists else { throw Obstacle(unfinished, error) }
            }
            // Of a process that was killed, perhaps.
            guard let left = try? FileIdentity(at: unfinished), time(nil) - left.modified.seconds > Self.abandoned
            else {
                break
            }
            unlink(unfinished)
        }
        throw Unfinished()
    }
}

import Glibc
import SystemPackage

/// What tells one state of a file from another without reading it.
///
/// The time of the last change to the inode (ctime) is the part that cannot be put back: `touch -r`, `cp -p` and a restore set
/// the time of modification as they please. It also moves when only the owner, the mode or the number of names changes, so
/// another identity means that the content has to be looked at again, and not that it is another.
public struct FileIdentity: Hashable, Sendable {
    /// The file system.
    public let device: UInt64
    /// The inode.
    public let node: UInt64
    /// The length in bytes.
    public let length: UInt64
    /// What it is.
    public let type: FileType
    /// When the content was last modified.
    public let modified: Time
    /// When the inode was last changed.
    public let changed: Time

    /// A time as the file system has it.
    public struct Time: Hashable, Sendable {
        /// Seconds since 1970.
        public let seconds: Int
        /// Nanoseconds after that second.
        public let nanoseconds: Int

        init(_ time: timespec) { (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec) }
    }

    /// The state of an open file.
    public init(of descriptor: FileDescriptor) throws(Errno) { self.init(try Stat(descriptor)) }

    /// The state of the file at `path`: of a link itself, unless links are followed.
    public init(at path: String, followingLinks: Bool = false) throws(Errno) {
        self.init(try Stat(path, followTargetSymlink: followingLinks))
    }

    private init(_ status: Stat) {
        device = UInt64(status.rawValue.st_dev)
        node = UInt64(status.rawValue.st_ino)
        length = UInt64(clamping: status.size)
        type = status.type
        modified = Time(status.st_mtim)
        changed = Time(status.st_ctim)
    }

    /// Whether it is a regular file, and no link, folder or device.
    public var isRegular: Bool { type == .regular }

    /// Whether two states, of whatever time, are of one file.
    public func isSameFile(as other: FileIdentity) -> Bool { device == other.device && node == other.node }

    /// Whether the last change is long enough ago that a further one would show: file systems keep time in ticks of up to ten
    /// milliseconds. A time that lies ahead of the clock counts as such.
    public var isSettled: Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age = Double(now.tv_sec &- changed.seconds) + Double(now.tv_nsec &- changed.nanoseconds) / 1e9
        return !(0...0.1).contains(age)
    }
}

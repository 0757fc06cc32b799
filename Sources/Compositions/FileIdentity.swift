import Glibc

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
    /// Whether it is a regular file, and no link, folder or device.
    public let isRegular: Bool
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

    /// The state that a call of the stat family has found.
    public init(_ status: stat) {
        device = UInt64(status.st_dev)
        node = UInt64(status.st_ino)
        length = UInt64(clamping: status.st_size)
        isRegular = status.st_mode & S_IFMT == S_IFREG
        modified = Time(status.st_mtim)
        changed = Time(status.st_ctim)
    }

    /// The state of an open file; nil if the descriptor is none.
    public init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Whether the last change is long enough ago that a further one would show: file systems keep time in ticks of up to ten
    /// milliseconds. A time that lies ahead of the clock counts as such.
    public var isSettled: Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age = Double(now.tv_sec &- changed.seconds) + Double(now.tv_nsec &- changed.nanoseconds) / 1e9
        return !(0...0.1).contains(age)
    }
}

extension StoredFile {
    /// Whether an open file is this one in the state in which its content was checked or, where that is not known, has its
    /// length. Asked when the file is opened and at each step of sending it: what was altered in between is not what the
    /// digest names.
    public func isIntact(in descriptor: Int32) -> Bool {
        guard let found = FileIdentity(descriptor: descriptor) else { return false }
        if let identity { return found == identity }
        return found.isRegular && found.length == length
    }
}

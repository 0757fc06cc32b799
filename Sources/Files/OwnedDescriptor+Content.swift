import Glibc
import SystemPackage

extension OwnedDescriptor {
    /// The state of the file.
    public func identity() throws(Errno) -> FileIdentity { try FileIdentity(of: descriptor) }

    /// Hands what is left of the file to `body`, a mebibyte at a time at most.
    ///
    /// - Parameter failure: The error to throw where the system refuses to read.
    public func readAll<Failure: Error>(
        orThrow failure: (Errno) -> Failure, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count: Int
            do throws(Errno) { count = try read(into: buffer) } catch { throw failure(error) }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// What is left of the file, or nil if that is more than `limit` bytes, of which not many more are read.
    public func bytes(upTo limit: Int) throws(Errno) -> [UInt8]? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 4096)
        defer { buffer.deallocate() }
        var bytes: [UInt8] = []
        while true {
            let count = try read(into: buffer)
            if count == 0 { return bytes }
            guard count <= limit - bytes.count else { return nil }
            bytes += buffer[..<count]
        }
    }

    /// Reads some of what is left; nothing at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        do { return try descriptor.read(into: buffer) } catch { throw Errno(error) }
    }

    /// Writes all of `bytes` where the file stands.
    public func writeAll(_ bytes: some Sequence<UInt8>) throws(Errno) {
        do { try descriptor.writeAll(bytes) } catch { throw Errno(error) }
    }

    /// Writes all of `bytes` from `offset` on.
    public func writeAll(_ bytes: some Sequence<UInt8>, at offset: UInt64) throws(Errno) {
        guard let offset = Int64(exactly: offset) else { throw .fileTooLarge }
        do { try descriptor.writeAll(toAbsoluteOffset: offset, bytes) } catch { throw Errno(error) }
    }

    /// Waits until what was written is on the disk.
    public func synchronize() throws(Errno) {
        while fsync(descriptor.rawValue) != 0 {
            let code = Errno(rawValue: errno)
            if code != .interrupted { throw code }
        }
    }
}

extension FileDescriptor {
    /// Fills `buffer` with the file's bytes from `offset` on, as far as there are any.
    ///
    /// - Returns: How many there were; fewer than there is room only at the end of the file.
    public func readFully(
        from offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        guard let start = Int64(exactly: offset) else { return 0 }
        var count = 0
        while count < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let next: Int
            // No file has a byte beyond the last offset, so the sum is one.
            do { next = try read(fromAbsoluteOffset: start &+ Int64(count), into: rest) } catch { throw Errno(error) }
            if next == 0 { break }
            count += next
        }
        return count
    }
}

extension Errno {
    /// The library declares that anything is thrown, and throws this.
    fileprivate init(_ error: any Error) { self = error as? Errno ?? .ioError }
}

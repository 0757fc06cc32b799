import Glibc
import SystemPackage

extension OwnedDescriptor {
    /// Hands the entries of this folder to `body`, without `.` and `..` and in no order, until that returns false. Nothing is
    /// handed over of what cannot be listed.
    ///
    /// - Parameter body: Gets a name, valid during the call, and the kind of entry as readdir(3) gives it, DT_UNKNOWN from some
    ///   file systems.
    public func forEachEntry(_ body: (_ name: UnsafePointer<CChar>, _ kind: Int32) -> Bool) throws(Errno) {
        // A descriptor of its own, with a place of its own: closedir closes the one that it is given.
        let copy = try OwnedDescriptor(opening: ".", in: descriptor, .readOnly, .directory).take()
        guard let stream = fdopendir(copy.rawValue) else {
            let code = Errno(rawValue: errno)
            try? copy.close()
            throw code
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let kind = Int32(entry.pointee.d_type)
            let goesOn = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) { name in
                    strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || body(name, kind)
                }
            }
            guard goesOn else { return }
        }
    }
}

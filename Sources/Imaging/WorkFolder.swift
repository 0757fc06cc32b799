import Files
import Foundation
import Glibc
import SystemPackage

/// A private folder for programs that want real files; it goes when its owner goes.
final class WorkFolder {
    let path: String

    init(in parent: String) throws(ImagingError) {
        var template = Array("\(parent)/slipway-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ImagingError(
                .temporaryFile, "cannot make a folder in \(parent): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes the tree below `directory` into the existing folder `folder`. Links are left out, and what stands in the
    /// way of a file is replaced. Nothing that was there before is followed out of the folder: a directory that turns out
    /// to be a link is an error.
    ///
    /// - Parameters:
    ///   - allowance: what may be written in all.
    ///   - isWanted: which files to write, by their names; directories are made all the same.
    func write(
        _ directory: TreeNode, of spool: Spool, to folder: String, subject: String,
        within allowance: inout Allowance,
        where isWanted: (FileName) -> Bool = { _ in true }
    ) throws {
        for (name, node) in directory.sortedChildren {
            let target = "\(folder)/\(name.text)"
            switch node.kind {
            case .symbolicLink: continue
            case .directory:
                try ImagingError.check(spool.isCancelled)
                if mkdir(target, 0o755) != 0 {
                    guard errno == EEXIST, (try? FileIdentity(at: target))?.type == .directory else {
                        throw ImagingError(
                            .invalidExtension, "\(subject): '\(name.text)' is a directory where the release has a file")
                    }
                }
                try write(node, of: spool, to: target, subject: subject, within: &allowance, where: isWanted)
            case .file(let content):
                guard isWanted(name) else { continue }
                try allowance.take(content.size, subject)
                unlink(target)
                try write(content, of: spool, to: target) {
                    ImagingError(.temporaryFile, "\(subject): cannot write '\(name.text)': \($0)")
                }
            }
        }
    }

    private func write(
        _ content: SpooledContent, of spool: Spool, to path: String, orThrow failure: (Errno) -> ImagingError
    ) throws {
        let file = try create(path, orThrow: failure)
        try spool.read(content) { piece in
            do throws(Errno) { try file.writeAll(piece) } catch { throw failure(error) }
        }
    }

    private func create(_ path: String, orThrow failure: (Errno) -> ImagingError) throws(ImagingError)
        -> OwnedDescriptor
    {
        do throws(Errno) {
            return try OwnedDescriptor(
                opening: path, .writeOnly, [.create, .exclusiveCreate, .noFollow],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw failure(error)
        }
    }
}

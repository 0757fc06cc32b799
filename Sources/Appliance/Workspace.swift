import Foundation
import Glibc

/// A folder for what builds take apart, in the store's file system, which has the room; each process has its own.
enum Workspace {
    /// This process' folder, made anew. What processes that have ended left behind is removed.
    static func prepare(in store: String) throws(ApplianceError) -> String {
        let parent = "\(store)/work"
        let manager = FileManager.default
        for name in (try? manager.contentsOfDirectory(atPath: parent)) ?? [] {
            guard let process = pid_t(name) else { continue }
            // EPERM means that the process is there and somebody else's.
            let isAlive = kill(process, 0) == 0 || errno == EPERM
            if !isAlive || process == getpid() { try? manager.removeItem(atPath: "\(parent)/\(name)") }
        }
        let path = "\(parent)/\(getpid())"
        do { try manager.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw ApplianceError("cannot make the folder \(path): \(error.localizedDescription)")
        }
        return path
    }

    /// Removes this process' folder.
    static func remove(in store: String) { try? FileManager.default.removeItem(atPath: "\(store)/work/\(getpid())") }
}

extension Appliance {
    /// Removes what builds have taken apart; nothing is built after it.
    public func removeWorkspace() { Workspace.remove(in: settings.store) }
}

import Glibc
import ImageFactory
import Netboot
import NetworkTypes
import Settings

/// What is wrong with single settings, whatever the machines file and the store have: a sentence each, which begins with the option.
extension ApplianceSettings {
    /// Folders that the operator has named and that cannot be read.
    var folderProblems: [String] {
        var problems = chosenLoaderFolders.filter { !Self.usualLoaderFolders.contains($0) }
            .compactMap { Self.problem(ofFolder: $0, option: $chosenLoaderFolders.title) }
        if servesTFTP, tftpRoot != Self.usual.tftpRoot,
            let problem = Self.problem(ofFolder: tftpRoot, option: $tftpRoot.title)
        {
            problems.append(problem)
        }
        return problems
    }

    /// An address on which nothing can listen here, and a port that machines cannot be told. This may ask DNS.
    var addressProblems: [String] {
        var problems: [String] = []
        if let reason = Self.obstacle(toListeningOn: httpAddress.host) {
            problems.append(
                "\($httpAddress.title) \(httpAddress): \(reason); name an address of this host, or leave it out")
        }
        if case .endpoint(let endpoint) = metrics, let reason = Self.obstacle(toListeningOn: endpoint.host) {
            problems.append(
                "\($metricsAddress.title) \(endpoint): \(reason); name an address of this host, or leave it out")
        }
        if httpPort == 0, dhcp != .off || servesTFTP {
            problems.append(
                "\($httpPort.title) 0: machines are told the port before it is known; name one, or leave it out")
        }
        return problems
    }

    /// What keeps finished assets from being published.
    var publishingProblems: [String] {
        guard let folder = publishing?.folder else { return [] }
        if let problem = publishingConflict ?? Self.problem(ofFolder: folder, option: $publishedAssetsFolder.title) {
            return [problem]
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            return [
                "\($publishedAssetsFolder.title) \(folder): nothing can be written there: \(reason); let the user that runs this write it, and "
                    + "the service too (ReadWritePaths= of its unit)"
            ]
        }
        return PublishedFile.lackOfRoom(in: folder).map { ["\($publishedAssetsFolder.title) \(folder): \($0)"] } ?? []
    }

    /// Why a folder must not be published: it would give the store to everybody.
    var publishingConflict: String? {
        guard let folder = publishing?.folder, let published = Self.realPath(folder), let store = Self.realPath(store)
        else { return nil }
        guard published.starts(with: store) || store.starts(with: published) else { return nil }
        return
            "\($publishedAssetsFolder.title) \(folder): the store \(self.store) is the same folder, or one lies in the other, and everybody "
            + "may read what is published; name a folder of its own"
    }

    /// The names that lead to a folder, links resolved; nil if it is not there.
    private static func realPath(_ path: String) -> [[UInt8]]? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved).utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
    }

    private static func problem(ofFolder path: String, option: String) -> String? {
        if let folder = opendir(path) {
            closedir(folder)
            return nil
        }
        switch errno {
        case ENOENT: return "\(option) \(path): there is no such folder; make it, or leave it out"
        case ENOTDIR: return "\(option) \(path): it is not a folder; name the folder that the files are in"
        case ELOOP:
            return "\(option) \(path): its links lead in a circle; name the folder that the files are in"
        case ENAMETOOLONG:
            return "\(option) \(path): no file has a name as long as that; name the folder that the files are in"
        case let code:
            let remedy = code == EACCES ? "let the user that runs this read it" : "name another folder"
            return
                "\(option) \(path): it cannot be read: \(String(cString: strerror(code))); \(remedy), or leave it out"
        }
    }

    /// Why no socket gets this address; nil if one does. The port is left to the kernel: the daemon may be running.
    private static func obstacle(toListeningOn address: Host) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.description, "0", &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard code == 0, let first = found?.pointee else { return String(cString: gai_strerror(code)) }
        let socket = socket(first.ai_family, first.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return String(cString: strerror(errno)) }
        defer { close(socket) }
        return bind(socket, first.ai_addr, first.ai_addrlen) == 0 ? nil : String(cString: strerror(errno))
    }
}

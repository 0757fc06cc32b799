import FolderTesting
import Foundation
import Glibc

@testable import Registries

/// A credential helper of a test's own, which notes what it was asked.
struct HelperScript {
    let folder: TemporaryFolder
    let environment: CredentialEnvironment

    /// Makes `docker-credential-<name>`, which runs `script` with its input in the file `input`.
    init(_ name: String = "x", in folder: TemporaryFolder, _ script: String) throws {
        self.folder = folder
        let path = try folder.write(
            "bin/docker-credential-\(name)",
            "#!/bin/sh\ncd '\(folder.path)'\necho \"$0 $*\" >>calls\ncat >input\n\(script)\n")
        chmod(path, 0o755)
        environment = CredentialEnvironment([
            "PATH": "relative:\(folder.path)/bin:/usr/bin:/bin", "DOCKER_CONFIG": folder.path, "MARK": "kept",
        ])
    }

    /// How often it was run, and with which words.
    var calls: [String] {
        guard let bytes = FileManager.default.contents(atPath: "\(folder.path)/calls") else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: "/").last.map(String.init) ?? ""
        }
    }

    /// What it read.
    var input: String? {
        FileManager.default.contents(atPath: "\(folder.path)/input").map { String(decoding: $0, as: UTF8.self) }
    }
}

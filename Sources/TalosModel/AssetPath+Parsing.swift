extension AssetPath {
    /// Reads a path. The forms are tried in the order in which the original service tries them, so that a path with
    /// several faults gets the same error.
    public init(parsing path: String) throws(AssetPathError) {
        for algorithm in ChecksumAlgorithm.allCases {
            guard let name = path.beforeSuffix(algorithm.suffix) else { continue }
            try self.init(image: name)
            kind = .checksum(of: kind, algorithm)
            return
        }
        try self.init(image: path)
    }

    private init(image path: String) throws(AssetPathError) {
        if let rest = path.afterPrefix("kernel-") {
            self.init(.kernel, architecture: try Self.architecture(rest))
        } else if let rest = path.afterPrefix("cmdline-") {
            try self.init(.commandLine, platformAndArchitecture: rest)
        } else if let rest = path.afterPrefix("initramfs-"), let name = rest.beforeSuffix(".xz") {
            self.init(.initramfs, architecture: try Self.architecture(name))
        } else if let rest = path.beforeSuffix(".iso") {
            try self.init(.iso, platformAndArchitecture: rest)
        } else if let rest = path.beforeSuffix("-uki.efi") {
            try self.init(.unifiedKernelImage, platformAndArchitecture: rest)
        } else if let rest = path.afterPrefix("installer-"), let name = rest.beforeSuffix(".tar") {
            try self.init(.installer, platformAndArchitecture: "metal-\(name)")
        } else if let rest = path.beforeSuffix(".tar"), let parts = rest.cut(around: "-installer-") {
            try self.init(.installer, platformAndArchitecture: "\(parts.before)-\(parts.after)")
        } else {
            try self.init(diskImage: path)
        }
    }

    /// Reads the last part of a PXE script's URL, `<platform>-<arch>[-secureboot]`, as the command line that the script
    /// needs.
    public init(parsingScript path: String) throws(AssetPathError) {
        try self.init(parsing: "cmdline-\(path)")
    }

    private init(diskImage path: String) throws(AssetPathError) {
        var rest = path
        var compression: DiskImageCompression?
        for candidate in DiskImageCompression.allCases {
            guard let shorter = rest.beforeSuffix(".\(candidate.rawValue)") else { continue }
            (rest, compression) = (shorter, candidate)
            break
        }
        for format in DiskImageFormat.allCases {
            guard let name = rest.beforeSuffix(".\(format.rawValue)") else { continue }
            try self.init(.diskImage(format, compression), platformAndArchitecture: name)
            return
        }
        throw .invalidPath(rest)
    }

    private init(_ kind: AssetKind, platformAndArchitecture text: String) throws(AssetPathError) {
        let plain = text.beforeSuffix("-secureboot")
        let name = plain ?? text
        // The one platform with a dash in its name.
        let digitalOcean = name.afterPrefix("digital-ocean-").map { (before: "digital-ocean", after: $0) }
        guard let parts = digitalOcean ?? name.cut(around: "-") else { throw .invalidPlatformArchitecture(name) }
        self.init(
            kind, platform: parts.before, architecture: try Self.architecture(parts.after), secureBoot: plain != nil)
    }

    private static func architecture(_ name: String) throws(AssetPathError) -> Architecture {
        guard let architecture = Architecture(buildName: name) else { throw .invalidArchitecture(name) }
        return architecture
    }
}

/// Why a path names no asset; the texts are those of the original service.
public enum AssetPathError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It has none of the forms; this is what remained of it.
    case invalidPath(String)
    /// A platform and an architecture should be here, with a dash between them.
    case invalidPlatformArchitecture(String)
    /// There is no such architecture.
    case invalidArchitecture(String)

    /// The service's words, with the text at fault as Go quotes it.
    public var description: String {
        switch self {
        case .invalidPath(let text): "invalid profile path: \(text.goQuoted)"
        case .invalidPlatformArchitecture(let text): "invalid platform-arch: \(text.goQuoted)"
        case .invalidArchitecture(let text): "invalid architecture: \(text.goQuoted)"
        }
    }
}

extension Architecture {
    /// An architecture by its name or by the one that iPXE's `${buildarch}` gives: `x86_64`, and `i386` because the
    /// BIOS build of iPXE is 32-bit whatever the processor is.
    public init?(buildName: String) {
        switch buildName {
        case "amd64", "x86_64", "i386": self = .amd64
        case "arm64": self = .arm64
        default: return nil
        }
    }
}

// Bytes, not characters: paths are compared as they came over the wire, without Unicode's canonical equivalence.
extension String {
    fileprivate func afterPrefix(_ prefix: String) -> String? {
        utf8.starts(with: prefix.utf8) ? String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : nil
    }

    fileprivate func beforeSuffix(_ suffix: String) -> String? {
        guard utf8.count >= suffix.utf8.count, utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) else {
            return nil
        }
        return String(decoding: utf8.dropLast(suffix.utf8.count), as: UTF8.self)
    }

    fileprivate func cut(around separator: String) -> (before: String, after: String)? {
        let bytes = Array(utf8)
        let mark = Array(separator.utf8)
        guard bytes.count >= mark.count else { return nil }
        for start in 0...(bytes.count - mark.count) where bytes[start..<start + mark.count].elementsEqual(mark) {
            return (
                String(decoding: bytes[..<start], as: UTF8.self),
                String(decoding: bytes[(start + mark.count)...], as: UTF8.self)
            )
        }
        return nil
    }
}

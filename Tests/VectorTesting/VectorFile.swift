import Foundation

/// A file, or a folder of files, with known answers of other programs or packets of real machines: what a test target keeps in its
/// `Fixtures`, and beside it what is found under the same name in the folder that the environment variable `SLIPWAY_VECTORS` names.
public enum VectorFile: String, CaseIterable, Sendable {
    /// Bodies, and what Image Factory makes of them.
    case schematics = "schematics.jsonl"
    /// Texts of system extensions.
    case extensions = "extensions.jsonl"
    /// Kernel command lines.
    case commandLines = "cmdline.jsonl"
    /// META values and partitions.
    case meta = "meta.jsonl"
    /// Captures of real firmware.
    case captures = "pcaps"
    /// Messages after what people reported of their machines.
    case field = "field"
    /// What registries answer.
    case registries = "registries.jsonl"

    /// Why no vectors can be had.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// The variable that names a further folder.
    public static let variable = "SLIPWAY_VECTORS"

    /// What the variable names; nil when it is not set.
    public static var further: String? { ProcessInfo.processInfo.environment[variable] }

    /// Where the test targets keep it.
    private var fixture: URL {
        let target =
            switch self {
            case .schematics, .extensions: "SchematicsTests"
            case .commandLines, .meta: "TalosModelTests"
            case .captures: "DHCPTests"
            case .field: "NetbootTests"
            case .registries: "RegistryServerTests"
            }
        return URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "\(target)/Fixtures/\(rawValue)")
    }

    /// The fixture, and the one of the same name in the further folder if it is there.
    ///
    /// - Throws: ``Failure`` when the fixture is missing, or when the variable names no folder.
    public func places() throws -> [URL] {
        guard FileManager.default.fileExists(atPath: fixture.path) else {
            throw Failure(description: "\(fixture.path) is missing")
        }
        return [fixture] + (try Self.found(in: Self.further, [self]))
    }

    /// Those of `files` that a further folder has.
    ///
    /// - Throws: ``Failure`` when `folder` is none.
    public static func found(in folder: String?, _ files: [VectorFile] = VectorFile.allCases) throws -> [URL] {
        guard let folder else { return [] }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw Failure(description: "\(variable) names '\(folder)', which is no folder")
        }
        return files.map { URL(filePath: folder).appending(path: $0.rawValue) }
            .filter { FileManager.default.fileExists(atPath: $0.path) }
    }

    /// The lines of all places, decoded.
    public func lines<Line: Decodable>(_ type: Line.Type = Line.self) throws -> [Line] {
        try places().flatMap { place in
            try Data(contentsOf: place).split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
                do { return try JSONDecoder().decode(Line.self, from: Data(line)) } catch {
                    throw Failure(description: "\(place.path):\(number + 1): \(error)")
                }
            }
        }
    }

    /// The files in all places whose names end so, in order of place and name.
    public func members(endingIn suffix: String) throws -> [URL] {
        try places().flatMap { place in
            try FileManager.default.contentsOfDirectory(atPath: place.path).filter { $0.hasSuffix(suffix) }.sorted()
                .map { place.appending(path: $0) }
        }
    }

    /// The files of one name in all places.
    ///
    /// - Throws: ``Failure`` when the fixture has none of that name.
    public func members(named name: String) throws -> [URL] {
        let found = try places().map { $0.appending(path: name) }.filter {
            FileManager.default.fileExists(atPath: $0.path)
        }
        guard found.first?.deletingLastPathComponent().path == fixture.path else {
            throw Failure(description: "\(fixture.path) has no \(name)")
        }
        return found
    }

    /// Whether a file is a test target's own, and not of the further folder.
    public static func isFixture(_ file: URL) -> Bool {
        allCases.contains { file.path == $0.fixture.path || file.path.hasPrefix($0.fixture.path + "/") }
    }
}

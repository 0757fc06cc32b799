import Assembly
import Digests
import Releases
import TalosModel

/// What `release list` shows of a release.
struct ReleaseDocument: Encodable {
    struct Item: Encodable {
        var name: String
        var reference: String
        var digest: String
        /// The architectures for which its image is in the store.
        var imported: [String]
    }

    var version: String
    var architectures: [String]
    var installer: Bool
    var extensions: [Item]
    var overlays: [Item]

    init(_ summary: ReleaseSummary) {
        version = summary.version.tag
        architectures = summary.architectures.map(\.rawValue)
        installer = summary.hasInstaller
        extensions = summary.extensions.map { entry in
            Item(
                name: entry.name, reference: entry.reference, digest: entry.digest.description,
                imported: summary.architectures.filter { !(summary.missingExtensions[$0] ?? []).contains(entry) }
                    .map(\.rawValue))
        }
        overlays = summary.overlays.map { entry in
            Item(
                name: entry.name, reference: entry.reference, digest: entry.digest.description,
                imported: summary.architectures.filter { !(summary.missingOverlays[$0] ?? []).contains(entry) }
                    .map(\.rawValue))
        }
    }

    /// The same for people.
    var text: String {
        var lines = ["\(version)\t\(architectures.joined(separator: ", "))" + (installer ? "\tinstaller" : "")]
        for (title, items) in [("extension", extensions), ("overlay", overlays)] {
            for item in items {
                let state = item.imported.isEmpty ? "not imported" : item.imported.joined(separator: ", ")
                lines.append("  \(title) \(TerminalText.line(item.name))\t\(state)")
            }
        }
        return lines.joined(separator: "\n")
    }
}

/// What `release import` did.
struct ReportDocument: Encodable {
    struct Image: Encodable {
        var kind: String
        var name: String
        var version: String?
        var digest: String
        var architectures: [String]
    }

    struct Failure: Encodable {
        var name: String
        var error: String
    }

    var imported: [Image]
    var skipped: [Failure]
    var failed: [Failure]

    init(_ report: ImportReport) {
        imported = report.imported.map { image in
            Image(
                kind: image.kind.rawValue, name: image.name, version: image.version?.tag,
                digest: image.digest.description,
                architectures: image.architectures.map(\.rawValue))
        }
        skipped = report.skipped.map { Failure(name: $0.name, error: $0.reason) }
        failed = report.failures.map { Failure(name: $0.name, error: $0.error.message) }
    }
}

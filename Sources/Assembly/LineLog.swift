import Foundation
import Glibc
import Logging

/// One line on standard error for each event: time, level, message, then the facts as `key=value`, sorted, so that a line can be
/// read by people and cut by programs. Under systemd the time is left to the journal. Whoever logs never waits for whoever reads.
public struct LineLog: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level
    private let showsTime: Bool

    /// A log that shows events from `level` up.
    public init(level: Logger.Level) {
        logLevel = level
        _ = Self.flushesAtExit
        showsTime = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] == nil
    }

    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var line =
            showsTime ? "\(Date().ISO8601Format(.iso8601(timeZone: .gmt, includingFractionalSeconds: true))) " : ""
        line += "\(event.level.rawValue) \(event.message)"
        let facts = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (key, value) in facts.sorted(by: { $0.key < $1.key }) where !key.hasPrefix("hb.") {
            line += " \(key)=\(Self.shown("\(value)"))"
        }
        LogWriter.standardError.write(line + "\n")
    }

    /// The last lines say why a process ended, so its end waits for them, for a moment.
    private static let flushesAtExit = atexit { flush() }

    /// Waits for the lines so far, for a moment: before something else is written to standard error.
    public static func flush() { LogWriter.standardError.flush(within: .milliseconds(500)) }

    /// A fact's value as a line shows it. What came from the network may hold anything; a line break in it would forge a line,
    /// and a terminal would obey an escape sequence.
    static func shown(_ value: String) -> String {
        let plain = value.unicodeScalars.allSatisfy { !$0.needsQuotes }
        if plain, !value.isEmpty { return value }
        var quoted = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case _ where scalar.actsOnTerminal: quoted += "\\u{\(String(scalar.value, radix: 16))}"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension Unicode.Scalar {
    fileprivate var needsQuotes: Bool { self == " " || self == "\"" || self == "=" || self == "\\" || actsOnTerminal }
}

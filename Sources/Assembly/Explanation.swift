import Foundation
import Timelines

/// What `explain` says of a machine.
public struct Explanation: Codable, Sendable {
    /// What one kind of firmware is answered.
    public struct Answer: Codable, Sendable {
        /// The firmware.
        public var firmware: String
        /// What it is told, or why it is told nothing.
        public var decision: String
    }

    /// One of the assets that the machine fetches.
    public struct Asset: Codable, Sendable {
        /// Its path.
        public var path: String
        /// Its length in bytes; nil if it cannot be made.
        public var length: UInt64?
        /// Why it cannot be made.
        public var problem: String?
    }

    /// The machine's MAC address.
    public var machine: String
    /// The processor architecture that the rest is about.
    public var architecture: String
    /// Whether nobody has told which it is.
    public var isArchitectureAssumed: Bool
    /// The entry of the machines file that it gets, with its place.
    public var rule: String
    /// What it does, and why.
    public var plan: String
    /// The answers to each kind of firmware.
    public var answers: [Answer]
    /// The names of the loaders that the host has.
    public var loaders: [String]
    /// Its iPXE script.
    public var script: String?
    /// Its kernel's command line.
    public var commandLine: String?
    /// The assets that it fetches.
    public var assets: [Asset]
    /// Its last boots, as a running daemon saw them, in JSON.
    public var timeline: String?

    /// The same for people.
    public var text: String {
        let assumption = isArchitectureAssumed ? " (assumed; say so with --arch, or ask the daemon with --server)" : ""
        var lines = [
            "machine       \(machine)", "architecture  \(architecture)\(assumption)", "rule          \(rule)",
            "plan          \(plan)",
            "loaders       \(loaders.isEmpty ? "none" : Self.shown(loaders.joined(separator: ", ")))", "",
            "DHCP",
        ]
        lines += answers.map { "  \($0.firmware): \($0.decision)" }
        if let commandLine { lines += ["", "command line", "  \(commandLine)"] }
        if !assets.isEmpty {
            lines += ["", "assets"]
            lines += assets.map { asset in
                "  /\(asset.path)  " + (asset.length.map { "\($0) bytes" } ?? asset.problem ?? "")
            }
        }
        if let script {
            lines += ["", "script"] + script.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        }
        if let timeline { lines += ["", "timeline"] + Self.lines(of: timeline).map { "  \($0)" } }
        return lines.joined(separator: "\n")
    }

    /// Whether a text tells a machine's boots in JSON, as a daemon of any version does.
    public static func isTimeline(_ text: String, of machine: String) -> Bool {
        let document = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return document?["mac"] as? String == machine && document?["boots"] is [Any]
    }

    /// The processor architecture that a machine's boots, as a running daemon tells them in JSON, name.
    public static func architecture(inTimeline text: String) -> String? { snapshot(text)?.architecture }

    private static func snapshot(_ text: String) -> MachineSnapshot? {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try? decoder.decode(MachineSnapshot.self, from: Data(text.utf8))
    }

    /// A machine's boots, a line for each step. What another version of the daemon tells differently is shown as it is.
    private static func lines(of text: String) -> [String] {
        guard let machine = snapshot(text) else { return [shown(text)] }
        var lines = machine.address.map { ["last at \(shown($0))"] } ?? []
        for boot in machine.boots {
            lines.append(
                "\(boot.started.formatted(.iso8601)), \(boot.stage.rawValue) after \(seconds(boot.duration)) s")
            lines += boot.events.map { event in
                let repeated =
                    event.count > 1 ? " (\(event.count) times, the last at \(seconds(event.last)) s)" : ""
                return "  \(padded(seconds(event.at), 8, left: true)) s  \(padded(event.stage.rawValue, 9))  "
                    + shown(event.detail) + repeated
            }
            if boot.dropped > 0 { lines.append("  and \(boot.dropped) more steps that were not kept") }
        }
        return lines
    }

    private static func seconds(_ value: Double) -> String { String(format: "%.1f", value) }

    private static func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
        let spaces = String(repeating: " ", count: max(0, width - text.utf8.count))
        return left ? spaces + text : text + spaces
    }

    /// Text of a machine's making, without what a terminal would obey.
    private static func shown(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar -> Unicode.Scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: "?"
                    default: scalar
                    }
                }))
    }
}

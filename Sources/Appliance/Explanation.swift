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
    /// The entry of the machines file that it gets, with its place.
    public var rule: String
    /// What it does, and why.
    public var plan: String
    /// The answers to each kind of firmware.
    public var answers: [Answer]
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
        var lines = ["machine       \(machine)", "rule          \(rule)", "plan          \(plan)", "", "DHCP"]
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
        if let timeline { lines += ["timeline", "  \(timeline)"] }
        return lines.joined(separator: "\n")
    }
}

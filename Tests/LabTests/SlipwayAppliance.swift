import Foundation
import LabSupport
import TestSupport

/// The appliance under test, as an operator would start it.
struct SlipwayAppliance {
    /// A schematic with one extension.
    static let notes = """
        customization:
          extraKernelArgs:
            - lab.schematic=notes
          systemExtensions:
            officialExtensions:
              - siderolabs/field-notes

        """

    /// The running daemon.
    let process: LabProcess
    private let command: [String]

    /// Writes the operator's files and starts the daemon.
    ///
    /// - Parameters:
    ///   - machines: the `machines` list of the machines file, which may name the schematics `every-sort` and `notes`.
    ///   - configuration: the machine configuration that is in `configuration.yaml` beside it.
    ///   - arguments: further arguments of `slipway serve`.
    ///   - store: the store; nil stands for the one that all tests share.
    init(
        in lab: Lab, machines: String, configuration: String = "version: v1alpha1\n", arguments: [String] = [],
        store: String? = nil
    ) async throws {
        let folder = "\(lab.evidence)/operator"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let file = """
            schematics:
              every-sort: every-sort.yaml
              notes: notes.yaml
            machines:
            \(machines)
            unknown: ignore

            """
        for (name, text) in [
            ("machines.yaml", file), ("every-sort.yaml", EverySort.schematic), ("notes.yaml", Self.notes),
            ("configuration.yaml", configuration),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        command =
            [
                try LabEnvironment.slipway().path, "serve", "--store", try store ?? LabEnvironment.store(), "--config",
                "\(folder)/machines.yaml", "--interface", "eth0", "--http-port", "80",
            ] + arguments
        process = try await lab.startDaemonOnAppliance("slipway", command)
    }

    private init(process: LabProcess, command: [String]) {
        self.process = process
        self.command = command
    }

    /// The same daemon once more, after the first was killed.
    func startAgain(in lab: Lab) async throws -> SlipwayAppliance {
        SlipwayAppliance(process: try await lab.startDaemonOnAppliance("slipway-again", command), command: command)
    }

    /// A schematic's ID, by the program's own `schematic id`.
    static func id(of schematic: String, in lab: Lab) throws -> String {
        let file = "\(lab.evidence)/asked.yaml"
        try Data(schematic.utf8).write(to: URL(fileURLWithPath: file))
        return try LabEnvironment.slipway()(["schematic", "id", file]).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

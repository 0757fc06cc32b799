import Foundation
import TestSupport

/// A kernel and an initramfs started by QEMU itself, without firmware's network and without an appliance: what an image
/// is worth, in four seconds and without root.
public enum DirectBoot {
    /// Boots an x86-64 kernel into the test release and returns what it said.
    ///
    /// - Parameters:
    ///   - folder: the folder for the serial line's log.
    ///   - commandLine: the kernel's arguments.
    public static func run(
        kernel: String, initramfs: String, commandLine: String, folder: String,
        within deadline: Duration = .seconds(600)
    ) async throws -> BootFacts {
        let qemu = try ExternalProgram("qemu-system-x86_64", package: "qemu-system-x86")
        let start = ContinuousClock.now
        let machine = try LabProcess(
            name: "direct boot",
            arguments: [
                qemu.path, "-machine", "q35,graphics=off", "-accel", "tcg,thread=multi", "-m", "320", "-smp", "1",
                "-nodefaults", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-kernel",
                kernel,
                "-initrd", initramfs, "-append", commandLine,
            ], log: "\(folder)/serial.log")
        do {
            let text = try await machine.wait(for: "last fact", within: deadline) { recording in
                recording.text.contains("SLIPWAY-END") ? recording.text : nil
            }
            let duration = ContinuousClock.now - start
            await machine.stop()
            return BootFacts(serial: text, duration: duration)
        } catch {
            await machine.stop()
            throw error
        }
    }
}

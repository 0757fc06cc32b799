import Foundation
import Glibc
import Settings
import Testing

@testable import Assembly

/// What DHCP may offer: the list that is kept beside what is served.
@Suite struct LoaderListTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("loaders-\(UUID())").path

    private func write(_ name: String, _ text: String = "x") throws {
        let path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    }

    private func settings() -> ApplianceSettings {
        var settings = ApplianceSettings()
        settings.tftpRoot = "\(folder)/root"
        settings.chosenLoaderFolders = ["\(folder)/chosen"]
        return settings
    }

    @Test func whatIsThereIsListedAndNothingElse() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("chosen/snponly.efi")
        try write("chosen/sub/no")
        try write("root/bootcode.bin")
        try write("root/sub/deep/file")
        try write("secret")
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: "\(folder)/root/out", withDestinationPath: "../secret")
        try manager.createSymbolicLink(atPath: "\(folder)/root/in", withDestinationPath: "sub/deep/file")
        try manager.createSymbolicLink(atPath: "\(folder)/root/loop", withDestinationPath: ".")
        #expect(mkfifo("\(folder)/root/pipe", 0o644) == 0)
        let loaders = Loaders(settings(), usual: [])
        #expect(loaders.names == ["snponly.efi", "bootcode.bin", "sub/deep/file", "in"])
        #expect(loaders.isServed("bootcode.bin") && !loaders.isServed("start4.elf") && !loaders.isServed("no"))
        #expect(loaders.places == ["\(folder)/chosen", "\(folder)/root"])
    }

    @Test func filesComeAndGoWithoutARestart() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // Neither folder is there yet.
        let loaders = Loaders(settings(), usual: [])
        #expect(loaders.names.isEmpty)
        let running = Task { await loaders.run() }
        func becomes(_ names: Set<String>) async throws -> Bool {
            for _ in 0..<3600 where loaders.names != names { try await Task.sleep(for: .milliseconds(50)) }
            return loaders.names == names
        }
        try write("root/bootcode.bin")
        try write("chosen/snponly.efi")
        #expect(try await becomes(["bootcode.bin", "snponly.efi"]))
        // Within the same tick of the folder's clock.
        for name in ["a", "b", "c"] { try write("root/\(name)") }
        #expect(try await becomes(["bootcode.bin", "snponly.efi", "a", "b", "c"]))
        try FileManager.default.removeItem(atPath: "\(folder)/root")
        #expect(try await becomes(["snponly.efi"]))
        running.cancel()
        await running.value
    }

    @Test func aFolderOfTheDistributionGivesLoadersOnly() throws {
        var settings = settings()
        settings.chosenLoaderFolders = ["/boot", "/usr/lib/ipxe"]
        let names = Loaders(settings).names
        #expect(names.allSatisfy { $0.hasSuffix("pxe") || $0.hasSuffix(".efi") }, "\(names)")
        if FileManager.default.fileExists(atPath: "/boot/ipxe.efi") { #expect(names.contains("ipxe.efi")) }
    }

    @Test func manyFilesAreListedUpToALimit() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("root/bootcode.bin")
        for index in 0..<40 {
            let sub = "\(folder)/root/serial-\(index)"
            try FileManager.default.createDirectory(atPath: sub, withIntermediateDirectories: true)
            for file in 0..<600 { close(open("\(sub)/f\(file)", O_CREAT | O_WRONLY, 0o644)) }
        }
        let loaders = Loaders(settings(), usual: [])
        #expect(loaders.names.count > 15_000 && loaders.names.count <= 20_000)
        #expect(loaders.isServed("bootcode.bin"))
    }
}

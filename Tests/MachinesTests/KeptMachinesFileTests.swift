import FolderTesting
import Foundation
import NetworkTypes
import Testing

@testable import Machines

@Suite struct KeptMachinesFileTests {
    private let scratch: TemporaryFolder
    private let machine = MachineIdentity(mac: MACAddress(value: 0x5254_0000_0001))

    init() throws {
        scratch = try TemporaryFolder()
        try scratch.write("plain.yaml", "customization: {extraKernelArgs: [a=b]}\n")
        try scratch.write("one.yaml", "secret: one\n")
        try scratch.write(
            "machines.yaml",
            "machines: [{name: one, mac: '52:54:00:00:00:01', schematic: ./plain.yaml, version: v1.13.5, config: one.yaml}]\n"
        )
    }

    private var path: String { scratch.path + "/machines.yaml" }

    @Test func itIsReadWithoutItsFiles() throws {
        let file = try MachinesFile.load(path)
        let bytes = try KeptMachinesFile(of: file).encode()
        for name in ["machines.yaml", "plain.yaml", "one.yaml"] {
            try FileManager.default.removeItem(atPath: "\(scratch.path)/\(name)")
        }
        let kept = try #require(KeptMachinesFile(decoding: bytes))
        #expect(kept.path == path)
        let again = try kept.load()
        #expect(again.machines == file.machines && again.schematics == file.schematics)
        let configuration = try #require(again.assignment(for: machine)?.assignment.configuration)
        #expect(try again.configuration(configuration) == Array("secret: one\n".utf8))
        #expect(throws: ConfigurationError.self) { try again.configuration("/etc/passwd") }
        #expect(throws: ConfigurationError.self) { try file.configuration(configuration) }
    }

    @Test func everyTruncationAndAlterationIsRefusedOrSound() throws {
        let bytes = try KeptMachinesFile(of: MachinesFile.load(path)).encode()
        for length in 0..<bytes.count { _ = try? KeptMachinesFile(decoding: Array(bytes[..<length]))?.load() }
        var altered = bytes
        for index in bytes.indices {
            altered[index] = 0xff
            _ = try? KeptMachinesFile(decoding: altered)?.load()
            altered[index] = bytes[index]
        }
        #expect(KeptMachinesFile(decoding: []) == nil)
        #expect(KeptMachinesFile(decoding: Array(bytes.dropLast())) == nil)
    }

    @Test func whatHasGoneBadIsNotKept() throws {
        let file = try MachinesFile.load(path)
        try scratch.write("machines.yaml", "machines: [{name: one}]\n")
        #expect(throws: ConfigurationError.self) { try KeptMachinesFile(of: file) }
        try FileManager.default.removeItem(atPath: "\(scratch.path)/one.yaml")
        #expect(throws: ConfigurationError.self) { try KeptMachinesFile(of: file) }
    }

    @Test func itIsTakenOnlyWhereThereIsNone() throws {
        let file = try KeptMachinesFile(of: MachinesFile.load(path)).load()
        let directory = MachineDirectory(path: path)
        #expect(directory.standing == .none)
        directory.adopt(file)
        #expect(directory.standing == .kept)
        _ = try directory.reload().get()
        #expect(directory.standing == .present)
        directory.adopt(file)
        #expect(directory.standing == .present)
        try scratch.write("machines.yaml", "machines: [{name: one}]\n")
        _ = directory.reload()
        #expect(directory.standing == .lastGood)
    }
}

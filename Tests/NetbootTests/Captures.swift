import CaptureTesting
import DHCP
import Foundation
import Netboot
import NetworkTypes
import Testing
import VectorTesting

/// A client's message out of a capture of real firmware.
struct CapturedMessage: CustomStringConvertible {
    var file: String
    var number: Int
    var frame: DatagramFrame

    var description: String { "\(file) frame \(number)" }

    var port: ServicePort { frame.destination.port == 67 ? .dhcp : .bootServer }

    func message() throws -> DHCPMessage { try DHCPMessage(decoding: frame.payload) }

    /// Those of the fixtures, which are the codec's tests' too; with `further`, those of a further folder as well.
    static func all(further: Bool = false) throws -> [CapturedMessage] {
        let files = try VectorFile.captures.members(endingIn: ".pcap")
        return try files.filter { further || VectorFile.isFixture($0) }.flatMap { file -> [CapturedMessage] in
            let capture = try PacketCapture(decoding: [UInt8](try Data(contentsOf: file))[...])
            return capture.packets.enumerated().compactMap { number, packet in
                guard let frame = try? DatagramFrame(decoding: packet.bytes),
                    [67, 4011].contains(frame.destination.port)
                else { return nil }
                return CapturedMessage(file: file.lastPathComponent, number: number, frame: frame)
            }
        }
    }

    /// The first message of a type in a capture that `condition` holds for.
    static func first(
        in file: String, _ type: MessageType, on port: ServicePort = .dhcp,
        where condition: (DHCPMessage) -> Bool = { _ in true }
    ) throws -> CapturedMessage {
        let found = try all().first { (captured: CapturedMessage) -> Bool in
            let message = try captured.message()
            return captured.file == file + ".pcap" && captured.port == port && message.messageType == type
                && condition(message)
        }
        return try #require(found)
    }
}

/// Compares a text with a file in `Fixtures`; with UPDATE_GOLDEN=1 it writes the file instead, and still fails.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)")
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
        Issue.record("\(name) was written anew; look at it and run again", sourceLocation: sourceLocation)
        return
    }
    let golden = try String(contentsOf: url, encoding: .utf8)
    #expect(text == golden, sourceLocation: sourceLocation)
}

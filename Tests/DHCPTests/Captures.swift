import CaptureTesting
import DHCP
import Foundation
import NetworkTypes
import VectorTesting

/// A DHCP message out of a capture, and where it was seen.
struct CapturedMessage: Sendable, CustomStringConvertible {
    var file: String
    var number: Int
    var frame: DatagramFrame
    var frameBytes: [UInt8]

    var description: String { "\(file) frame \(number)" }

    private static let loaded: Result<[CapturedMessage], any Error> = {
        Result {
            try VectorFile.captures.members(endingIn: ".pcap").flatMap { file -> [CapturedMessage] in
                let capture = try PacketCapture(decoding: [UInt8](try Data(contentsOf: file))[...])
                return capture.packets.enumerated().compactMap { number, packet in
                    guard let frame = try? DatagramFrame(decoding: packet.bytes),
                        [67, 68, 4011].contains(frame.destination.port)
                    else { return nil }
                    return CapturedMessage(
                        file: file.lastPathComponent, number: number, frame: frame, frameBytes: Array(packet.bytes))
                }
            }
        }
    }()

    static func all() throws -> [CapturedMessage] { try loaded.get() }

    static func fromClients() throws -> [CapturedMessage] {
        try all().filter { [67, 4011].contains($0.frame.destination.port) }
    }
}

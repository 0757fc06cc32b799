import DHCP
import Foundation
import NetworkTypes

/// A DHCP message out of a capture, and where it was seen.
struct CapturedMessage: Sendable, CustomStringConvertible {
    var file: String
    var number: Int
    var frame: DatagramFrame
    var frameBytes: [UInt8]

    var description: String { "\(file) frame \(number)" }

    static let all: [CapturedMessage] = {
        guard let folder = Bundle.module.url(forResource: "Fixtures/pcaps", withExtension: nil),
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        else { fatalError("the captures are not in the test bundle") }
        return names.filter { $0.hasSuffix(".pcap") }.sorted().flatMap { name -> [CapturedMessage] in
            guard let data = try? Data(contentsOf: folder.appendingPathComponent(name)),
                let capture = try? PacketCapture(decoding: [UInt8](data)[...])
            else { fatalError("\(name) cannot be read") }
            return capture.packets.enumerated().compactMap { number, packet in
                guard let frame = try? DatagramFrame(decoding: packet.bytes),
                    [67, 68, 4011].contains(frame.destination.port)
                else { return nil }
                return CapturedMessage(file: name, number: number, frame: frame, frameBytes: Array(packet.bytes))
            }
        }
    }()

    static let fromClients = all.filter { [67, 4011].contains($0.frame.destination.port) }
}

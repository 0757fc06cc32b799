import Foundation
import Glibc
import Testing

@testable import Assembly

@Suite struct LogWriterTests {
    @Test func aReaderWhoStopsHoldsNobodyUpAndIsToldWhatItMissed() throws {
        let pipe = try Self.pipe()
        defer { close(pipe.read) }
        let writer = LogWriter(descriptor: pipe.write, capacity: 64 << 10)
        let start = ContinuousClock.now
        for number in 0..<20_000 { writer.write("line \(number)\n") }
        // Whoever waited for the reader would wait for ever.
        #expect(ContinuousClock.now - start < .seconds(120))

        let text = try Self.readAll(pipe.read, until: "line 19999\n")
        let lines = text.split(separator: "\n")
        #expect(lines.last == "line 19999")
        let notices = lines.compactMap { line -> Int? in
            line.contains("were lost") ? Int(line.split(separator: "=").last ?? "") : nil
        }
        // What came and what is told to be missing make up what was written.
        #expect(notices.reduce(0, +) > 0)
        #expect(lines.count - notices.count + notices.reduce(0, +) == 20_000)
    }

    @Test func everyLineComesInOrderWhereSomebodyReads() throws {
        let pipe = try Self.pipe()
        defer { close(pipe.read) }
        let writer = LogWriter(descriptor: pipe.write)
        for number in 0..<500 { writer.write("line \(number)\n") }
        let text = try Self.readAll(pipe.read, until: "line 499\n")
        #expect(text == (0..<500).map { "line \($0)\n" }.joined())
        writer.flush(within: .seconds(180))
    }

    @Test func theEndOfAProcessWaitsForAReaderOnlyAMoment() throws {
        let pipe = try Self.pipe()
        defer { close(pipe.read) }
        let writer = LogWriter(descriptor: pipe.write)
        for _ in 0..<5000 { writer.write(String(repeating: "x", count: 100) + "\n") }
        let start = ContinuousClock.now
        writer.flush(within: .milliseconds(200))
        #expect(ContinuousClock.now - start >= .milliseconds(200))
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    private static func readAll(_ descriptor: Int32, until end: String) throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let last = Array(end.utf8)
        while bytes.suffix(last.count) != last[...] {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            try #require(poll(&waiting, 1, 180_000) == 1, "nothing more came after \(bytes.count) bytes")
            let count = read(descriptor, &buffer, buffer.count)
            try #require(count > 0)
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

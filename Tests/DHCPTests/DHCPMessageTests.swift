import Bytes
import CaptureTesting
import CodecTesting
import DHCP
import NetworkTypes
import Testing

@Suite struct DHCPMessageTests {
    @Test func everyCapturedMessageComesOutAsItWentIn() throws {
        #expect(try CapturedMessage.fromClients().count > 100)
        for captured in try CapturedMessage.all() {
            let message = try DHCPMessage(decoding: captured.frame.payload)
            #expect(message.messageType != nil, "\(captured)")
            let encoded = message.encode()
            #expect(try DHCPMessage(decoding: encoded[...]) == message, "\(captured)")
            // Servers may pad inside their options or behind them; clients here do not.
            if message.operation == .request { #expect(encoded[...] == captured.frame.payload, "\(captured)") }
        }
    }

    @Test func hostileBytesNeverTrap() throws {
        var seen: Set<Int> = []
        for captured in try CapturedMessage.all() where seen.insert(captured.frame.payload.count).inserted {
            let accepted = exerciseDecoder(on: Array(captured.frame.payload)) { bytes in
                let message = try DHCPMessage(decoding: bytes)
                _ = (message.vendorClass, message.userClasses, message.clientArchitectures, message.clientUUID)
                _ = (message.requestedAddress, message.maximumSize, message.iPXEFeatures, message.hasUserClass("iPXE"))
                _ = message.encode()
            }
            #expect(accepted > 0)
        }
        #expect(seen.count > 10)
    }

    @Test func piecesOfAnOptionAreJoinedAndSplitAgain() throws {
        let long = (0..<600).map { UInt8(truncatingIfNeeded: $0) }
        let message = DHCPMessage(
            operation: .reply, transactionID: 1,
            options: [DHCPOption(.bootFileName, long), DHCPOption(.messageType, [2])])
        let encoded = message.encode()
        #expect(encoded.count == message.encodedLength)
        #expect(encoded[240...242] == [67, 255, 0])
        #expect(encoded[240 + 257] == 67)
        #expect(try DHCPMessage(decoding: encoded[...]) == message)
    }

    /// An option whose length or end is broken ends the options, and those before it count.
    @Test func whatStandsBeforeABrokenOptionCounts() throws {
        let whole = DHCPMessage(
            operation: .request, transactionID: 7,
            options: [DHCPOption(.messageType, [1]), DHCPOption(.clientArchitecture, [0, 7])])
        let bytes = whole.encode(minimumLength: 0).dropLast()
        for tail: [UInt8] in [[60], [60, 9], [60, 9, 1], [1, 255], [93, 3, 0], [0, 0, 60, 200, 255]] {
            #expect(try DHCPMessage(decoding: Array(bytes + tail)[...]) == whole, "\(tail)")
        }
        // In `file` and `sname` as well.
        var overloaded = whole
        overloaded.options.append(DHCPOption(.overload, [3]))
        overloaded.bootFile = [77, 1, 65, 60, 200]
        overloaded.serverName = [57, 2, 5, 0xc0, 61, 255]
        let decoded = try DHCPMessage(decoding: overloaded.encode()[...])
        #expect(decoded.userClass == [65] && decoded.maximumSize == 1472)
        #expect(decoded[.vendorClass] == nil && decoded[.clientIdentifier] == nil)
    }

    /// Pieces are joined where a value may need several (RFC 3396); the rest is a mistake of the sender's.
    @Test func whatCameTwiceCountsOnceUnlessItIsLong() throws {
        func read(_ options: [(OptionCode, [UInt8])]) throws -> DHCPMessage {
            var bytes = DHCPMessage(operation: .request, transactionID: 1).encode(minimumLength: 0)
            bytes.removeLast()
            for (code, value) in options { bytes += [code.rawValue, UInt8(value.count)] + value }
            return try DHCPMessage(decoding: (bytes + [255])[...])
        }
        let class60 = Array("PXEClient:Arch:00000:UNDI:002001".utf8)
        let identity = [0] + [UInt8](1...16)
        let twice: [(OptionCode, [UInt8])] = [
            (.messageType, [1]), (.maximumMessageSize, [5, 0xc0]), (.vendorClass, class60),
            (.userClass, Array("iPXE".utf8)), (.clientArchitecture, [0, 7]), (.clientUUID, identity),
            (.requestedAddress, [10, 0, 0, 1]), (.serverIdentifier, [10, 0, 0, 2]),
        ]
        for again in [twice + twice, twice + twice.reversed(), twice.flatMap { [$0, $0, $0] }] {
            let message = try read(again)
            #expect(message.messageType == .discover && message.maximumSize == 1472)
            #expect(message.vendorClass == "PXEClient:Arch:00000:UNDI:002001" && message.hasUserClass("iPXE"))
            #expect(message.clientArchitectures == [.uefiX64] && message.clientUUID != nil)
            #expect(message.requestedAddress != nil && message.serverIdentifier != nil)
        }
        // The first counts, unless only a later one is whole.
        #expect(try read([(.messageType, [1]), (.messageType, [3])]).messageType == .discover)
        #expect(try read([(.messageType, []), (.messageType, [1])]).messageType == .discover)
        #expect(
            try read([(.clientArchitecture, [7]), (.clientArchitecture, [0, 7])]).clientArchitectures == [.uefiX64])
        // A list goes on.
        #expect(
            try read([(.clientArchitecture, [0, 6]), (.clientArchitecture, [0, 7])]).clientArchitectures
                == [.uefiIA32, .uefiX64])
        #expect(
            try read([(.bootFileName, [1, 2]), (.messageType, [1]), (.bootFileName, [3])])[.bootFileName] == [1, 2, 3])
        #expect(
            try read([(.relayAgentInformation, [1]), (.relayAgentInformation, [1])])[.relayAgentInformation] == [1, 1])
    }

    @Test func overloadedFieldsHoldOptions() throws {
        var message = DHCPMessage(operation: .request, transactionID: 7, options: [DHCPOption(.overload, [3])])
        message.bootFile = [53, 1, 1, 67, 3, 80, 88, 69, 255]
        message.serverName = [67, 6, 67, 108, 105, 101, 110, 116, 255]
        let decoded = try DHCPMessage(decoding: message.encode()[...])
        #expect(decoded.messageType == .discover)
        #expect(decoded[.bootFileName]?.elementsEqual("PXEClient".utf8) == true)
        #expect(decoded.bootFile.isEmpty && decoded.serverName.isEmpty)
        #expect(decoded[.overload] == nil)
    }

    @Test func errorsNameWhatIsWrong() {
        func error(_ change: (inout [UInt8]) -> Void) -> DHCPError? {
            var bytes = DHCPMessage(operation: .request, transactionID: 1, options: [DHCPOption(.messageType, [1])])
                .encode()
            change(&bytes)
            do throws(DHCPError) {
                _ = try DHCPMessage(decoding: bytes[...])
                return nil
            } catch { return error }
        }
        #expect(error { _ in } == nil)
        #expect(error { $0[236] = 0 } == .notDHCP)
        #expect(error { $0[2] = 17 } == .hardwareLength(17))
        #expect(
            error { $0.removeLast(60 + 1) }
                == .truncated(TruncationError(field: "fixed part and cookie", position: 0, needed: 240, available: 239))
        )
        #expect(error { $0[241] = 200 } == nil, "an option that runs past the end is left out")
        #expect(
            error {
                $0.removeLast(57); $0[242] = 12
            } == nil, "a missing end mark is no harm")
    }

    @Test func userClassIsReadInBothForms() {
        func message(_ value: [UInt8]) -> DHCPMessage {
            DHCPMessage(operation: .request, transactionID: 1, options: [DHCPOption(.userClass, value)])
        }
        #expect(message(Array("iPXE".utf8)).hasUserClass("iPXE"))
        #expect(message([4] + Array("iPXE".utf8)).hasUserClass("iPXE"))
        #expect(message([1, 65, 4] + Array("iPXE".utf8)).hasUserClass("iPXE"))
        #expect(!message(Array("gPXE".utf8)).hasUserClass("iPXE"))
        #expect(message([9, 1]).userClasses == nil)
        #expect(!message([]).hasUserClass("iPXE"))
    }

    @Test(arguments: [
        ([UInt8]([0, 7]), "PXEClient:Arch:00000:UNDI:002001", [UInt16(7)]),
        ([0, 7, 0, 9], "PXEClient", [7, 9]),
        ([], "PXEClient:Arch:00011:UNDI:003000", [11]),
        ([7], "PXEClient:Arch:00011", [11]),
        ([], "PXEClient:Arch:00007:\u{301}UNDI", [7]), ([], "PXEClient\u{301}:Arch:00007", [7]),
        ([], "PXEClient:Arch:", []),
        ([], "PXEClient:Arch:99999", []),
        ([], "PXEClient", []),
    ])
    func architectureComesFromItsOptionFirst(option: [UInt8], vendorClass: String, expected: [UInt16]) {
        let message = DHCPMessage(
            operation: .request, transactionID: 1,
            options: [DHCPOption(.clientArchitecture, option), DHCPOption(.vendorClass, Array(vendorClass.utf8))])
        #expect(message.clientArchitectures.map(\.rawValue) == expected)
    }

    @Test func iPXESaysWhatItCanDo() throws {
        let bytes = try #require(
            [UInt8](hexadecimal: "b105011af41000eb030100001701012401011301011101012701012901011501010000"))
        let features = IPXEFeatures(decoding: bytes[...])
        #expect(features.version == "1.0.0")
        #expect(features.speaksHTTP && features.isEFI && !features.speaksHTTPS)
        #expect(!IPXEFeatures(decoding: [0x13, 1, 0]).speaksHTTP)
        #expect(IPXEFeatures(decoding: [0x13, 9, 1]).subOptions.isEmpty)
    }
}

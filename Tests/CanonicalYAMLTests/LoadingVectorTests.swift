import CanonicalYAML
import Foundation
import Testing
import VectorTesting

/// What the loader makes of every recorded schematic.
@Suite struct LoadingVectorTests {
    private struct Vector {
        var name: String
        var input: [UInt8]
        var errorClass: String?
        var errorText: String?
        var isUnsettled: Bool

        init(_ line: Data) throws {
            let object = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
            name = try #require(object["name"] as? String)
            if let text = object["input"] as? String {
                input = Array(text.utf8)
            } else {
                let base64 = try #require(object["input_b64"] as? String)
                input = Array(try #require(Data(base64Encoded: base64)))
            }
            errorClass = object["error"] as? String
            errorText = object["error_text"] as? String
            isUnsettled = object["unsettled"] != nil
        }

        /// Whether the fault is one that is found while loading.
        var isRefused: Bool {
            switch errorClass {
            case "eof", "reader", "scanner", "parser": true
            // A node that contains itself is composed, and refused when it is decoded.
            case "composer": errorText?.hasSuffix("value contains itself") == false
            default: false
            }
        }
    }

    private static func vectors() throws -> [Vector] {
        try VectorFile.schematics.places().flatMap { file in
            try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map { try Vector($0) }
        }
    }

    @Test func faultsReadAsGoWritesThem() throws {
        let refused = try Self.vectors().filter { $0.isRefused && !$0.isUnsettled }
        #expect(refused.count > 80)
        for vector in refused {
            let found: String
            do {
                found = try composeFirstDocument(of: vector.input) == nil ? "EOF" : "no fault"
            } catch {
                found = error.description
            }
            #expect(found == vector.errorText, "\(vector.name)")
        }
    }

    @Test func everythingElseIsComposed() throws {
        let composed = try Self.vectors().filter { !$0.isRefused && !$0.isUnsettled }
        #expect(composed.count > 500)
        for vector in composed {
            do {
                #expect(try composeFirstDocument(of: vector.input) != nil, "\(vector.name)")
            } catch {
                Issue.record("\(vector.name): \(error)")
            }
        }
    }
}

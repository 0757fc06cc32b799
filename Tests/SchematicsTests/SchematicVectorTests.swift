import CodecTesting
import Schematics
import Testing
import VectorTesting

/// Every answer of the real Go code, byte for byte.
@Suite struct SchematicVectorTests {
    /// Bodies whose answer is the same whatever go-yaml decides on its open changes, and those that follow today's version.
    private static let loaded = Result { try VectorFile.schematics.lines(SchematicVector.self) }
    static func all() throws -> [SchematicVector] { try loaded.get() }

    @Test func everyKindOfAnswerIsThere() throws {
        let all = try Self.all()
        for kind in [\SchematicVector.id, \.errorText, \.reparseError, \.reparseID] {
            #expect(all.contains { $0[keyPath: kind] != nil })
        }
        #expect(all.contains { $0.enterprise != nil } && all.contains { $0.unsettled != nil })
    }

    @Test(arguments: try all()) func answerIsThatOfImageFactory(_ vector: SchematicVector) {
        do throws(SchematicError) {
            let schematic = try Schematic(decoding: vector.body)
            #expect(vector.errorText == nil, "accepted, and should fail")
            #expect(schematic.description == vector.canonical)
            #expect(schematic.canonicalText == Array((vector.canonical ?? "").utf8))
            #expect(schematic.id.description == vector.id)
        } catch {
            #expect(Array(error.description.utf8) == Array((vector.errorText ?? "(accepted)").utf8), "\(error)")
        }
    }

    @Test(arguments: try all().filter { $0.enterprise != nil }) func ownerIsAcceptedWhereItIsPermitted(
        _ vector: SchematicVector
    ) throws {
        let schematic = try Schematic(decoding: vector.body, permitsOwner: true)
        #expect(schematic.description == vector.enterprise?.canonical)
        #expect(schematic.id.description == vector.enterprise?.id)
        #expect(!schematic.owner.isEmpty)
    }

    /// The canonical text is what is stored, so it must mean the same when it is read. Where Go's does not, ours must not.
    @Test(arguments: try all().filter { $0.id != nil }) func canonicalTextIsItsOwnCanonicalForm(
        _ vector: SchematicVector
    ) throws {
        let schematic = try Schematic(decoding: vector.body)
        do throws(SchematicError) {
            let again = try Schematic(decoding: schematic.canonicalText)
            #expect(vector.reparseError == nil)
            #expect(again.id.description == vector.reparseID ?? vector.id)
        } catch {
            #expect(error.description == vector.reparseError)
        }
    }

    @Test(
        arguments: try all().enumerated().filter { $0.offset.isMultiple(of: 23) && $0.element.body.count < 500 }.map(
            \.element))
    func decoderSurvivesAnything(_ vector: SchematicVector) {
        exerciseDecoder(on: vector.body, mutations: 400) { _ = try Schematic(decoding: Array($0)) }
    }
}

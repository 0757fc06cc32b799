import Foundation
import Testing

/// A line of `schematics.jsonl`: what Go's Image Factory answers to a body.
struct SchematicVector: Decodable, CustomTestStringConvertible {
    struct Accepted: Decodable {
        let id: String
        let canonical: String
    }

    let name: String
    let input: String?
    let inputBase64: String?
    let id: String?
    let canonical: String?
    let errorText: String?
    let enterprise: Accepted?
    let reparseError: String?
    let reparseID: String?
    let unsettled: [String]?

    enum CodingKeys: String, CodingKey {
        case name, input, id, canonical, enterprise, unsettled
        case inputBase64 = "input_b64"
        case errorText = "error_text"
        case reparseError = "reparse_error"
        case reparseID = "reparse_id"
    }

    var body: [UInt8] {
        if let input { return Array(input.utf8) }
        return inputBase64.flatMap { Data(base64Encoded: $0) }.map(Array.init) ?? []
    }

    var testDescription: String { name }
}

/// A line of `extensions.jsonl`.
struct ExtensionVector: Decodable, CustomTestStringConvertible {
    struct Metadata: Decodable {
        struct Compatibility: Decodable {
            struct Talos: Decodable { let version: String }
            let talos: Talos
        }

        let name: String
        let version: String
        let author: String
        let description: String
        let compatibility: Compatibility
        let extraInfo: String
    }

    struct Manifest: Decodable {
        let version: String
        let metadata: Metadata
    }

    struct Configuration: Decodable {
        struct Layer: Decodable {
            let image: String
            let metadata: Metadata
        }

        let layers: [Layer]
    }

    let name: String
    let op: String
    let manifest: Manifest?
    let config: Configuration?
    let yaml: String?
    let id: String?
    let info: String?
    let baseURL: String?
    let manifestYAML: String?
    let tarSHA256: String?
    let tarSize: Int?

    enum CodingKeys: String, CodingKey {
        case name, op, manifest, config, yaml, id, info
        case baseURL = "base_url"
        case manifestYAML = "manifest_yaml"
        case tarSHA256 = "tar_sha256"
        case tarSize = "tar_size"
    }

    var testDescription: String { name }
}
